using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>A persistent index, made to be obviously right: a checkpoint writes the whole map to a new file.</summary>
/// <remarks>Role: the reference for the recovery laws of an index family. Threads: as the contract says.</remarks>
public sealed class SimpleIndex : IIndexFamily, IPackableIndex
{
    private const string FileName = "index";
    private const ulong Magic = 0x3158444E4953524D; // "MRSINDX1" in file order.

    private readonly ComponentContext _context;
    private volatile IndexState _state;
    private volatile IndexState _durable;
    private volatile bool _disposed;

    private SimpleIndex(ComponentContext context, MemoryIndexOptions options, IndexState state)
    {
        Traits = IndexState.Limits(isPersistent: true, options);
        _context = context;
        _state = state;
        _durable = state;
    }

    /// <summary>What it is called and what it is.</summary>
    public static ComponentDescriptor Descriptor { get; } = new()
    {
        Id = "mortise.reference.simple-index",
        Summary = "An ordered map that is written whole at every checkpoint.",
        FormatName = "mortise-reference-index",
        FormatVersion = 1,
        OldestReadableFormatVersion = 1,
    };

    /// <summary>Checks its file.</summary>
    public static IExaminer Examiner { get; } = new SnapshotExaminer(
        FileName,
        (files, storeId) => SnapshotFile.Read(files, FileName, Magic, 1, storeId) is { } snapshot
            ? Decode(files.Path, snapshot.Lsn, snapshot.Payload).Entries.Count
            : null);

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = ReferenceIdentity.Of(Descriptor);

    /// <inheritdoc/>
    public IndexTraits Traits { get; }

    /// <inheritdoc/>
    public Lsn AppliedLsn => Current.Lsn;

    /// <inheritdoc/>
    public Lsn DurableLsn
    {
        get
        {
            ThrowIfDisposed();
            return _durable.Lsn;
        }
    }

    /// <inheritdoc/>
    public IndexStatistics Statistics => new(Current.Entries.Count, 0, 0, 0, 0);

    /// <inheritdoc/>
    public bool IsPacked => Current == _durable;

    private IndexState Current
    {
        get
        {
            ThrowIfDisposed();
            return _state;
        }
    }

    /// <summary>Opens what is there, or an empty index.</summary>
    public static ValueTask<IIndexFamily> OpenAsync(
        ComponentContext context, MemoryIndexOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        IndexState state = IndexState.Empty;
        try
        {
            if (SnapshotFile.Read(context.Files, FileName, Magic, 1, context.StoreId) is { } snapshot)
            {
                state = Decode(context.Files.Path, snapshot.Lsn, snapshot.Payload);
            }
        }
        catch (StorageException unusable) when (unusable.Code is not (StorageErrorCode.Io or StorageErrorCode.Denied))
        {
            context.Log.Write(ComponentLogLevel.Warning, "the index starts empty and has to be rebuilt", unusable);
        }

        return new ValueTask<IIndexFamily>(new SimpleIndex(context, options, state));
    }

    /// <inheritdoc/>
    public void Apply(in IndexBatch batch)
    {
        IndexState state = Current;
        state.Check(batch, Traits);
        _state = state.After(batch);
    }

    /// <inheritdoc/>
    public IIndexSnapshot OpenSnapshot() => new IndexStateSnapshot(Current);

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        IndexState state = Current;
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        // A load that has no LSN yet is worth nothing after a restart.
        if (state != _durable && state.Lsn != Lsn.None)
        {
            SnapshotFile.Replace(_context.Files, FileName, Magic, 1, _context.StoreId, state.Lsn, Encode(state));
            _durable = state;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <remarks>Every checkpoint writes all of it, in order.</remarks>
    public ValueTask PackAsync(CancellationToken cancellation = default) => CheckpointAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask ResetAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        SnapshotFile.DeleteIfPresent(_context.Files, FileName);
        _context.Files.Sync();
        _durable = IndexState.Empty;
        _state = IndexState.Empty;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private static byte[] Encode(IndexState state)
    {
        ArrayBufferWriter<byte> to = new();
        foreach (IndexEntry entry in state.Entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(to.GetSpan(2), (ushort)entry.Key.Length);
            to.Advance(2);
            to.Write(entry.Key);
            BinaryPrimitives.WriteUInt16LittleEndian(to.GetSpan(2), (ushort)entry.Value.Length);
            to.Advance(2);
            to.Write(entry.Value);
        }

        return to.WrittenSpan.ToArray();
    }

    private static IndexState Decode(string path, Lsn lsn, ReadOnlySpan<byte> payload)
    {
        ImmutableSortedSet<IndexEntry>.Builder entries = IndexState.Empty.Entries.ToBuilder();
        while (!payload.IsEmpty)
        {
            byte[] key = TakeBytes(path, ref payload);
            entries.Add(new IndexEntry(key, TakeBytes(path, ref payload)));
        }

        return new IndexState(lsn, entries.ToImmutable());
    }

    private static byte[] TakeBytes(string path, ref ReadOnlySpan<byte> from)
    {
        int length = from.Length < 2 ? -1 : BinaryPrimitives.ReadUInt16LittleEndian(from);
        if (length < 0 || length > from.Length - 2)
        {
            throw StorageException.Corrupt(
                $"{path}/{FileName}", -1, $"a field of {length} bytes, {from.Length} are left");
        }

        byte[] bytes = from.Slice(2, length).ToArray();
        from = from[(2 + length)..];
        return bytes;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);
}
