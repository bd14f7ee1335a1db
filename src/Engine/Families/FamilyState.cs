using System.Buffers.Binary;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>One index family, as the writer sees it: routes keys to partitions and opens those on demand.</summary>
/// <remarks>Threads: the store's writer, or the opening thread before there is one.</remarks>
internal sealed class FamilyState : IKeySink, IAsyncDisposable
{
    private readonly Dictionary<PartitionId, PartitionState> _byId = [];
    private readonly Func<FamilyState, string, IStorageDirectory, CancellationToken, ValueTask<IIndexFamily>> _open;
    private readonly IStorageDirectory _directory;
    private PartitionState[] _partitions = [];
    private PartitionState? _last;

    // What Emit writes; set by Project.
    private IndexOperation _operation;
    private RecordLocation _location;
    private byte[] _inline = [];
    private int _inlineLength;
    private Lsn _lsn;

    public FamilyState(
        FamilyPart part,
        IKeyProjection projection,
        IStorageDirectory directory,
        Func<FamilyState, string, IStorageDirectory, CancellationToken, ValueTask<IIndexFamily>> open)
    {
        Part = part;
        Projection = projection;
        _directory = directory;
        _open = open;
    }

    public FamilyPart Part { get; }

    public IKeyProjection Projection { get; }

    /// <summary>Newest bounds first, which is the order in which readers want them.</summary>
    public PartitionState[] Partitions => _partitions;

    /// <summary>Why the family has to be rebuilt from records; null when it need not be.</summary>
    public string? RebuildReason { get; set; }

    /// <summary>Coverage of a partition that does not exist yet: everything so far, because nothing concerned it.</summary>
    public Lsn NewPartitionCoveredLsn { get; set; }

    /// <summary>True for a family whose changes are taken from the log; false while it waits to be rebuilt.</summary>
    public bool IsLive => RebuildReason is null;

    /// <summary>Opens the partition of a name, creating it when absent.</summary>
    public async ValueTask<PartitionState> OpenPartitionAsync(string name, CancellationToken cancellation)
    {
        if (!Part.Partitions.TryParse(name, out PartitionId id))
        {
            throw new StorageException(
                StorageErrorCode.UnknownWriter,
                $"family {Part.Name}: partition '{name}' is none of the scheme {Part.Partitions.Map}",
                _directory.Path);
        }

        IIndexFamily index = await _open(
            this, name, OpenedParts.MakeDirectory(_directory, name), cancellation).ConfigureAwait(false);
        int longestKey = Projection.MaxKeyBytes
            + (Projection.Placement == LocationPlacement.InKey ? FamilyView.LocationBytes : 0);
        int longestValue = Part.InlineBelowBytes
            + (Projection.Placement == LocationPlacement.InValue ? FamilyView.LocationBytes : 0);
        if (longestKey > index.Traits.MaxKeyBytes || longestValue > index.Traits.MaxValueBytes)
        {
            await index.DisposeAsync().ConfigureAwait(false);
            throw new StorageException(
                StorageErrorCode.InvalidConfiguration,
                $"family {Part.Name}: keys to {longestKey} and values to {longestValue} bytes, but "
                + $"{index.Identity.ComponentId} takes keys to {index.Traits.MaxKeyBytes} and values to "
                + $"{index.Traits.MaxValueBytes}",
                advice: "lower inlineBelow, raise the page size, or choose another structure");
        }

        var state = new PartitionState(id, name, Part.Partitions.Bounds(id), index);
        _byId.Add(id, state);
        PartitionState[] grown = [.. _partitions, state];
        Array.Sort(grown, static (a, b) => b.Bounds.Last.CompareTo(a.Bounds.Last) is var c and not 0
            ? c
            : a.Id.Value.CompareTo(b.Id.Value));
        _partitions = grown;
        return state;
    }

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
            if (!_byId.TryGetValue(id, out partition))
            {
                partition = CreatePartition(id);
            }

            _last = partition;
        }

        if (_lsn != Lsn.None && _lsn <= partition.CoveredLsn)
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
        foreach (PartitionState partition in _partitions)
        {
            if (partition.Pending.Count > 0)
            {
                partition.Pending.ApplyTo(partition.Index, lsn);
                if (lsn != Lsn.None)
                {
                    partition.Published?.Release();
                    partition.Published = null;
                }
            }
        }
    }

    public long PendingBytes()
    {
        long bytes = 0;
        foreach (PartitionState partition in _partitions)
        {
            bytes += partition.Pending.Bytes;
        }

        return bytes;
    }

    /// <summary>Marks all partitions as containing every commit up to here.</summary>
    public void Cover(Lsn lsn)
    {
        NewPartitionCoveredLsn = lsn;
        foreach (PartitionState partition in _partitions)
        {
            partition.CoveredLsn = Lsn.Max(partition.CoveredLsn, lsn);
        }
    }

    /// <summary>The partitions as readers see them from now on.</summary>
    public PartitionVersion[] Publish()
    {
        var versions = new PartitionVersion[_partitions.Length];
        for (int i = 0; i < versions.Length; i++)
        {
            PartitionState partition = _partitions[i];
            partition.Published ??= new SharedSnapshot(partition.Index.OpenSnapshot());
            versions[i] = new PartitionVersion(partition.Id, partition.Bounds, partition.Published.AddReference());
        }

        return versions;
    }

    /// <summary>Empties every partition, for a rebuild.</summary>
    public async ValueTask ResetAsync(CancellationToken cancellation)
    {
        foreach (PartitionState partition in _partitions)
        {
            partition.Pending.Clear();
            await partition.Index.ResetAsync(cancellation).ConfigureAwait(false);
            partition.CoveredLsn = Lsn.None;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PartitionState partition in _partitions)
        {
            partition.Published?.Release();
            partition.Published = null;
            await partition.Index.DisposeAsync().ConfigureAwait(false);
        }

        _partitions = [];
        _byId.Clear();
        _last = null;
    }

    // A key of a new partition appears in the middle of a projection, which is synchronous. Opening an empty directory
    // does no waiting worth the name, and happens once per partition in the life of a store.
    private PartitionState CreatePartition(PartitionId id)
    {
        string name = Part.Partitions.Name(id);
        PartitionState partition = OpenPartitionAsync(name, CancellationToken.None).AsTask().GetAwaiter().GetResult();

        // A directory that the manifest does not list yet may hold what an interrupted checkpoint made durable.
        partition.CoveredLsn = Lsn.Max(NewPartitionCoveredLsn, partition.Index.DurableLsn);
        return partition;
    }
}
