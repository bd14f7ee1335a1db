using System.Buffers.Binary;
using System.Globalization;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>One index family, as the writer sees it: routes keys to partitions and opens those on demand.</summary>
/// <remarks>Threads: the store's writer; before there is one, the opening thread or a <see cref="ReplayLane"/>.</remarks>
internal sealed partial class FamilyState : IKeySink, IAsyncDisposable
{
    /// <summary>A file that says that the family's files must not be trusted. No partition can have its name.</summary>
    private const string RebuildMarkerName = "rebuild.pending";

    private readonly Dictionary<PartitionId, PartitionState> _byId = [];
    private readonly List<PartitionState> _held = [];
    private readonly List<EndedPartition> _ended = [];
    private readonly FamilyIndexes _indexes;
    private readonly IStorageDirectory _directory;
    private PartitionState[] _partitions = [];
    private PartitionState? _last;
    private bool _wasDiscarded;
    private volatile bool _isDamaged;

    // What Emit writes; set by Project.
    private IndexOperation _operation;
    private RecordLocation _location;
    private byte[] _inline = [];
    private int _inlineLength;
    private Lsn _lsn;

    /// <param name="part">What it is.</param>
    /// <param name="projection">What its keys mean.</param>
    /// <param name="directoryName">Its directory below the indexes.</param>
    /// <param name="directory">That directory.</param>
    /// <param name="indexes">Opens its partitions.</param>
    public FamilyState(
        FamilyPart part,
        IKeyProjection projection,
        string directoryName,
        IStorageDirectory directory,
        FamilyIndexes indexes)
    {
        Part = part;
        Projection = projection;
        DirectoryName = directoryName;
        _directory = directory;
        _indexes = indexes;
    }

    public FamilyPart Part { get; }

    public IKeyProjection Projection { get; }

    /// <summary>True when ordinals, and nothing else, divide it.</summary>
    public bool IsByOrdinal => Part.Partitions.Routing == PartitionRouting.ByOrdinal;

    /// <summary>Its directory below the indexes: its name, or another since it was exchanged.</summary>
    public string DirectoryName { get; }

    /// <summary>The oldest format version that its files may have, when its structure writes a newer one; null when there are
    /// none of an older.</summary>
    public int? OlderFormat { get; set; }

    /// <summary>Newest bounds first, which is the order in which readers want them.</summary>
    public PartitionState[] Partitions => _partitions;

    /// <summary>Why the family has to be rebuilt from records; null when it need not be.</summary>
    public string? RebuildReason { get; set; }

    /// <summary>Whether that is because something on disk is wrong.</summary>
    public bool RebuildsDamage { get; private set; }

    /// <summary>Every partition contains every commit up to here: because it was applied, or did not concern it.</summary>
    public Lsn CoveredLsn { get; private set; }

    /// <summary>The end of the log while it is being replayed: a partition that has got further is none of this store's.</summary>
    public Lsn? ReplayEnd { get; set; }

    /// <summary>While loading: how many partitions one pass may fill; the others are left to further passes.</summary>
    public int LoadLimit { get; set; } = int.MaxValue;

    /// <summary>True when the pass came across partitions beyond <see cref="LoadLimit"/>.</summary>
    public bool HasMoreToLoad { get; private set; }

    /// <summary>True for a family whose changes are taken from the log; false while it waits to be rebuilt, or when it
    /// failed.</summary>
    public bool IsLive => RebuildReason is null && Failure is null;

    /// <summary>True when the files on disk are marked as not to be trusted.</summary>
    public bool IsMarkedForRebuild => _directory.Exists(RebuildMarkerName);

    /// <summary>Adds a partition that has files; opens nothing.</summary>
    public PartitionState AddRecorded(ManifestPartition recorded)
    {
        if (!PartitionSpan.TryParse(Part.Partitions, recorded.Name, out PartitionSpan span))
        {
            throw new StorageException(
                StorageErrorCode.UnknownWriter,
                $"family {Part.Name}: partition '{recorded.Name}' is none of the scheme {Part.Partitions.Map}",
                _directory.Path);
        }

        return Add(Create(
            span,
            recorded.DirectoryName,
            new Lsn(recorded.DurableLsn),
            new IndexStatistics(recorded.Entries, recorded.DiskBytes, 0, 0, 0),
            recorded.IsPacked));
    }

    /// <summary>Deletes directories of partitions that the manifest does not list: what an interrupted checkpoint left is in
    /// the log, what was dropped must not come back.</summary>
    public void DeleteUnlisted()
    {
        bool any = false;
        foreach (StorageEntry entry in _directory.List())
        {
            if (entry.IsDirectory && !Array.Exists(_partitions, p => p.DirectoryName == entry.Name))
            {
                _directory.DeleteDirectory(entry.Name);
                any = true;
            }
        }

        if (any)
        {
            _directory.Sync();
        }
    }

    public bool HasDirectory(PartitionState partition) => _directory.Exists(partition.DirectoryName);

    /// <summary>Turns a record into pending changes of this family's partitions.</summary>
    /// <param name="operation">Set for a put, remove for a delete.</param>
    /// <param name="lsn">The commit; partitions that cover it already are passed over.</param>
    /// <param name="location">The record's location.</param>
    /// <param name="record">The record's bytes.</param>
    public void Project(IndexOperation operation, Lsn lsn, RecordLocation location, ReadOnlySpan<byte> record)
    {
        _operation = operation;
        _lsn = lsn;
        _location = location;
        _inlineLength = 0;
        if (operation == IndexOperation.Set && record.Length <= Part.InlineBelowBytes)
        {
            if (_inline.Length < record.Length)
            {
                _inline = new byte[Part.InlineBelowBytes];
            }

            record.CopyTo(_inline);
            _inlineLength = record.Length;
        }

        Projection.Project(record, this);
    }

    /// <inheritdoc/>
    public void Emit(long ordinal, ReadOnlySpan<byte> key)
    {
        Invariant.Holds(key.Length is > 0 && key.Length <= Projection.MaxKeyBytes);
        PartitionId id = Part.Partitions.Locate(ordinal, key);
        PartitionState? partition = _last;
        if (partition is null || partition.Id != id)
        {
            if (!_byId.TryGetValue(id, out partition) && !TryFindMerged(id, out partition))
            {
                if (_operation == IndexOperation.Remove)
                {
                    return;
                }

                PartitionSpan span = SpanOfNew(id);
                partition = Add(Create(
                    span, FreeDirectory(Part.Partitions.Name(span.First)), Lsn.None, default, isPacked: true));
            }

            _last = partition;
        }

        if (!partition.IsHeld && !TryHold(partition))
        {
            return;
        }

        if (_lsn != Lsn.None && _lsn <= Lsn.Max(partition.CoveredLsn, CoveredLsn))
        {
            return;
        }

        Span<byte> location = stackalloc byte[FamilyView.LocationBytes];
        BinaryPrimitives.WriteUInt64BigEndian(location, _location.Value);
        ReadOnlySpan<byte> inline = _inline.AsSpan(0, _inlineLength);
        if (Projection.Placement == LocationPlacement.InKey)
        {
            partition.Pending.Add(_operation, key, location, inline, default);
        }
        else if (_operation == IndexOperation.Set)
        {
            partition.Pending.Add(_operation, key, default, location, inline);
        }
        else
        {
            partition.Pending.Add(_operation, key, default, default, default);
        }
    }

    /// <summary>Applies the pending changes of all partitions.</summary>
    /// <param name="lsn">The last commit they contain, or <see cref="Lsn.None"/> while loading.</param>
    public void ApplyPending(Lsn lsn)
    {
        foreach (PartitionState partition in _held)
        {
            if (partition.Pending.Count > 0)
            {
                partition.LastWrite = _indexes.Now;
                if (lsn != Lsn.None)
                {
                    partition.Supersede();
                }

                partition.Pending.ApplyTo(partition.Index, lsn);
            }
        }

        // What is being loaded says nothing of itself that would keep it from being closed.
        if (lsn != Lsn.None)
        {
            EndHolds();
        }
    }

    /// <summary>True when some entry may have an ordinal of a range.</summary>
    public bool MayHold(OrdinalRange range) => Array.Exists(_partitions, p => p.Bounds.Overlaps(range));

    /// <summary>True when some entry may be of a record that was dropped with a range: no partition with such ordinals ended,
    /// or one that has others too did not.</summary>
    public bool MayNameDropped(OrdinalRange range) =>
        !IsByOrdinal || Array.Exists(_partitions, p => p.Bounds.Overlaps(range) && !range.Encloses(p.Bounds));

    public long PendingBytes()
    {
        long bytes = 0;
        foreach (PartitionState partition in _held)
        {
            bytes += partition.Pending.Bytes;
        }

        return bytes;
    }

    /// <summary>Marks all partitions as containing every commit up to here.</summary>
    public void Cover(Lsn lsn) => CoveredLsn = Lsn.Max(CoveredLsn, lsn);

    /// <summary>The partitions as readers see them from now on.</summary>
    public PartitionVersion[] Publish()
    {
        var versions = new PartitionVersion[_partitions.Length];
        for (int i = 0; i < versions.Length; i++)
        {
            PartitionState partition = _partitions[i];
            if (partition.Published is null)
            {
                partition.Published = new SharedSnapshot(partition.Handle);
                partition.Handle.Published = partition.Published;
            }

            versions[i] = new PartitionVersion(
                partition.Id, partition.Name, partition.Bounds, partition.Published.AddReference());
        }

        return versions;
    }

    /// <summary>Opens and closes a snapshot of every open partition: a structure that gives none is found out before
    /// anybody reads through it.</summary>
    public void RequireSnapshots()
    {
        foreach (PartitionState partition in _partitions)
        {
            if (partition.Handle.TryAcquireOpen() is { } index)
            {
                try
                {
                    index.OpenSnapshot().Dispose();
                }
                finally
                {
                    partition.Handle.Release(mayClose: false);
                }
            }
        }
    }

    /// <summary>Deletes every partition, for a rebuild. Until <see cref="Rebuilt"/> a rebuild that is cut short is begun anew.</summary>
    public async ValueTask DiscardAsync()
    {
        Mark();
        await DisposeAsync().ConfigureAwait(false);
        CoveredLsn = Lsn.None;
        _isDamaged = false;
        _wasDiscarded = true;
        DeleteUnlisted();
    }

    /// <summary>A pass of loading has read every record.</summary>
    /// <param name="through">The last commit that the records contain.</param>
    public void FinishLoadPass(Lsn through)
    {
        ApplyPending(Lsn.None);
        foreach (PartitionState partition in _held)
        {
            // The load of these is whole: only now may the structure claim it.
            if (through != Lsn.None)
            {
                partition.Index.Apply(new IndexBatch(through, default, default));
            }

            partition.IsLoaded = true;
        }

        HasMoreToLoad = false;
        EndHolds();
    }

    /// <summary>Says durably that the family's files must not be trusted. Any thread.</summary>
    public void Mark()
    {
        _isDamaged = true;
        if (!IsMarkedForRebuild)
        {
            _directory.Open(RebuildMarkerName, FileIntent.CreateNew).Dispose();
            _directory.Sync();
        }
    }

    /// <summary>The manifest lists what a rebuild made, so that it may be trusted.</summary>
    public void Rebuilt()
    {
        if (_wasDiscarded && !_isDamaged && IsMarkedForRebuild)
        {
            _directory.Delete(RebuildMarkerName);
            _directory.Sync();
        }

        _wasDiscarded = false;
    }

    /// <summary>Says of everything that is open that nothing new begins to use it.</summary>
    public void Drain() => Array.ForEach(_partitions, static partition => partition.Handle.Drain());

    public async ValueTask DisposeAsync()
    {
        var closing = new ClosingParts();
        foreach (PartitionState partition in _partitions.Concat(_ended.Select(static e => e.Partition)))
        {
            partition.Published?.Release();
            partition.Published = null;
            await closing.CloseAsync(partition.Handle.DisposeAsync).ConfigureAwait(false);
        }

        _partitions = [];
        _byId.Clear();
        _held.Clear();
        _ended.Clear();
        _merged.Clear();
        _last = null;
        closing.Complete();
    }

    /// <summary>What is on disk is not what it should be: the family is rebuilt.</summary>
    public void NoteDamage(string fact)
    {
        RebuildReason ??= fact;
        RebuildsDamage = true;
    }

    private bool TryHold(PartitionState partition)
    {
        if (_lsn == Lsn.None && (partition.IsLoaded || _held.Count >= LoadLimit))
        {
            HasMoreToLoad |= !partition.IsLoaded;
            return false;
        }

        try
        {
            partition.Hold();
        }
        catch (StorageException e) when (ReplayEnd is not null && e.Code == StorageErrorCode.Corrupt)
        {
            // Damage that shows while the log is being replayed is mended at once.
            NoteDamage(e.Message);
            return false;
        }

        _held.Add(partition);
        if (ReplayEnd < partition.CoveredLsn)
        {
            NoteDamage(
                $"partition {partition.Name} holds commits up to {partition.CoveredLsn}, the log ends at {ReplayEnd}");
        }

        return true;
    }

    private void EndHolds()
    {
        foreach (PartitionState partition in _held)
        {
            partition.EndHold();
        }

        _held.Clear();
    }

    // A view may still read the one that was dropped.
    private string FreeDirectory(string name)
    {
        string free = name;
        for (int number = 2; _directory.Exists(free); number++)
        {
            // A partition's name has no dot, so no other partition can have this directory.
            free = string.Create(CultureInfo.InvariantCulture, $"{name}.{number}");
        }

        return free;
    }

    private PartitionState Create(
        PartitionSpan span, string directoryName, Lsn durable, IndexStatistics statistics, bool isPacked)
    {
        string name = span.NameIn(Part.Partitions);
        IndexHandle handle = _indexes.CreateHandle(this, name, _directory, directoryName, durable, statistics, isPacked);
        return new PartitionState(span, name, directoryName, span.BoundsIn(Part.Partitions), handle);
    }

    private PartitionState Add(PartitionState state)
    {
        _byId.Add(state.Id, state);
        if (state.Span.IsMerged)
        {
            _merged.Add(state);
        }

        PartitionState[] grown = [.. _partitions, state];
        Array.Sort(grown, static (a, b) => b.Bounds.Last.CompareTo(a.Bounds.Last) is var c and not 0
            ? c
            : a.Id.Value.CompareTo(b.Id.Value));
        _partitions = grown;
        return state;
    }

    private void TakeOut(PartitionState partition)
    {
        _byId.Remove(partition.Id);
        if (_merged.Remove(partition))
        {
            foreach ((PartitionId id, PartitionState state) in _byId)
            {
                if (ReferenceEquals(state, partition))
                {
                    _byId.Remove(id);
                }
            }
        }

        _last = null;
        _partitions = [.. _partitions.Where(p => !ReferenceEquals(p, partition))];
    }
}
