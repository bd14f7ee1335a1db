using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;

namespace Mortise.Index.Lmdb;

/// <summary>An index structure over one LMDB environment.</summary>
/// <remarks>
/// <para>Every batch is one transaction that carries its LSN, so what is on disk is always exactly the state at
/// <see cref="DurableLsn"/>, which is that of the last batch: a checkpoint has nothing to do. The price is a sync for
/// each batch. It may get ahead of a log that is synced later; after a power cut the engine then rebuilds it.</para>
/// <para>Threads: as the contract says. Readers have LMDB's own snapshots and wait for nobody.</para>
/// </remarks>
internal sealed unsafe class LmdbIndex : IIndexFamily
{
    public const string DataFile = "data.mdb";
    private const string LockFile = "lock.mdb";

    private readonly LmdbEnvironment _environment;
    private readonly Guid _store;
    private readonly Lock _gate = new();
    private readonly EntrySample _sample = new();
    private long _lsn;
    private long _listed;
    private bool _disposed;

    private LmdbIndex(LmdbEnvironment environment, Guid store)
    {
        _environment = environment;
        _store = store;
    }

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = new()
    {
        PluginId = LmdbPlugin.PluginId,
        PluginVersion = typeof(LmdbIndex).Assembly.GetName().Version?.ToString(3) ?? "1.0.0",
        ComponentId = LmdbPlugin.ComponentId,
        FormatName = LmdbFormat.FormatName,
        FormatVersion = LmdbFormat.Version,
        OldestReadableFormatVersion = LmdbFormat.Version,
    };

    /// <inheritdoc/>
    public IndexTraits Traits { get; } = new()
    {
        MaxKeyBytes = LmdbFormat.MaxKeyBytes,
        MaxValueBytes = LmdbFormat.MaxValueBytes,
        IsPersistent = true,
    };

    /// <inheritdoc/>
    public Lsn AppliedLsn
    {
        get
        {
            ThrowIfDisposed();
            return new Lsn((ulong)Volatile.Read(ref _lsn));
        }
    }

    /// <inheritdoc/>
    public Lsn DurableLsn => AppliedLsn;

    /// <inheritdoc/>
    public IndexStatistics Statistics
    {
        get
        {
            using LmdbSnapshot snapshot = Open();
            return new IndexStatistics(snapshot.Entries, snapshot.DiskBytes, 0, 0, 0);
        }
    }

    /// <summary>Opens an environment, or makes an empty one in place of what cannot be used.</summary>
    public static IIndexFamily Open(ComponentContext context, LmdbOptions options, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (options.Validate().FirstOrDefault() is { Option: not null } problem)
        {
            throw new ArgumentException($"{problem.Option} {problem.Message}", nameof(options));
        }

        if (context.Files is not INativeDirectory native)
        {
            throw new StorageException(
                StorageErrorCode.Unsupported,
                $"{LmdbPlugin.ComponentId} needs a directory of the operating system's",
                context.Files.Path,
                advice: "name mortise.btree for this family");
        }

        if (!Native.IsAvailable)
        {
            throw new StorageException(
                StorageErrorCode.Unsupported,
                $"{LmdbPlugin.ComponentId} needs LMDB, which is not on this machine",
                context.Files.Path,
                advice: "install it (Debian: liblmdb0, Fedora: lmdb-libs, macOS: brew install lmdb)");
        }

        for (bool isSecond = false; ; isSecond = true)
        {
            string error = LmdbFile.Problem(context.Files) ?? "";
            LmdbEnvironment? environment = error.Length > 0
                ? null
                : LmdbEnvironment.TryOpen(context.Files, native.FullPath, options, out error);
            if (environment is not null)
            {
                var index = new LmdbIndex(environment, context.StoreId);
                try
                {
                    if (index.TryLoad(out error))
                    {
                        context.Files.Sync();
                        return index;
                    }
                }
                catch
                {
                    environment.Release();
                    throw;
                }

                environment.Release();
            }

            if (isSecond)
            {
                throw StorageException.Corrupt(context.Files.Path, -1, error);
            }

            context.Log.Write(ComponentLogLevel.Warning, $"{context.Files.Path} is made anew: {error}");
            foreach (string name in (string[])[DataFile, LockFile])
            {
                if (context.Files.Exists(name))
                {
                    context.Files.Delete(name);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Apply(in IndexBatch batch)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            Check(batch);
            long listed = _listed;
            nint transaction = _environment.Begin(isReadOnly: false);
            bool isOpen = true;
            try
            {
                foreach (ref readonly IndexMutation mutation in batch.Mutations)
                {
                    listed += Change(transaction, batch, mutation);
                }

                Lsn lsn = batch.Lsn == Lsn.None ? new Lsn((ulong)_lsn) : batch.Lsn;
                WriteState(transaction, lsn, listed);
                isOpen = false;
                _environment.Check(Native.Commit(transaction), "commit in");
                _listed = listed;
                Volatile.Write(ref _lsn, (long)lsn.Value);
            }
            finally
            {
                if (isOpen)
                {
                    Native.Abort(transaction);
                }
            }
        }
    }

    /// <inheritdoc/>
    public IIndexSnapshot OpenSnapshot() => Open();

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        return cancellation.IsCancellationRequested ? ValueTask.FromCanceled(cancellation) : ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ResetAsync(CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        lock (_gate)
        {
            ThrowIfDisposed();
            Empty();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                Volatile.Write(ref _disposed, true);
                _environment.Release();
            }
        }

        return ValueTask.CompletedTask;
    }

    private LmdbSnapshot Open()
    {
        ThrowIfDisposed();
        return _environment.TryAddReference()
            ? new LmdbSnapshot(_environment, _store, _sample)
            : throw new ObjectDisposedException(nameof(LmdbIndex));
    }

    /// <summary>Reads the state; empties what was being loaded.</summary>
    private bool TryLoad(out string error)
    {
        error = "";
        nint transaction = _environment.Begin(isReadOnly: true);
        Lsn lsn;
        nuint entries;
        try
        {
            byte tag = LmdbFormat.StateTag;
            Native.DatabaseStatistics statistics;
            _environment.Check(Native.GetStatistics(transaction, _environment.Database, &statistics), "examine");
            entries = statistics.Entries;
            var key = new Native.Value(&tag, 1);
            Native.Value data;
            int found = Native.Get(transaction, _environment.Database, &key, &data);
            if (found == Native.NotFound)
            {
                lsn = Lsn.None;
                if (entries > 0)
                {
                    error = "the environment is none of this plugin's";
                    return false;
                }
            }
            else
            {
                _environment.Check(found, "read");
                if (LmdbFormat.ReadState(data.Span, _store, out lsn, out _listed) is { } problem)
                {
                    error = problem;
                    return false;
                }
            }
        }
        finally
        {
            Native.Abort(transaction);
        }

        _lsn = (long)lsn.Value;
        if (lsn == Lsn.None)
        {
            Empty();
        }

        return true;
    }

    private void Empty()
    {
        nint transaction = _environment.Begin(isReadOnly: false);
        bool isOpen = true;
        try
        {
            _environment.Check(Native.Drop(transaction, _environment.Database, 0), "empty");
            WriteState(transaction, Lsn.None, 0);
            isOpen = false;
            _environment.Check(Native.Commit(transaction), "commit in");
            _listed = 0;
            Volatile.Write(ref _lsn, 0);
        }
        finally
        {
            if (isOpen)
            {
                Native.Abort(transaction);
            }
        }
    }

    private void WriteState(nint transaction, Lsn lsn, long listed)
    {
        byte* state = stackalloc byte[LmdbFormat.StateBytes];
        LmdbFormat.WriteState(new Span<byte>(state, LmdbFormat.StateBytes), _store, lsn, listed);
        byte tag = LmdbFormat.StateTag;
        var key = new Native.Value(&tag, 1);
        var data = new Native.Value(state, LmdbFormat.StateBytes);
        _environment.Check(Native.Put(transaction, _environment.Database, &key, &data, 0), "write");
    }

    /// <summary>Makes one change.</summary>
    /// <returns>By how much keys in lists less lists grew.</returns>
    private long Change(nint transaction, in IndexBatch batch, in IndexMutation mutation)
    {
        ReadOnlySpan<byte> key = batch.Key(mutation);
        ReadOnlySpan<byte> value = batch.Value(mutation);
        bool isRemoved = mutation.Operation == IndexOperation.Remove;
        int direct = _environment.DirectBytes;
        int stored = Math.Min(key.Length, direct);
        byte* bytes = stackalloc byte[stored + 1];
        bytes[0] = LmdbFormat.EntryTag;
        key[..stored].CopyTo(new Span<byte>(bytes + 1, stored));
        var name = new Native.Value(bytes, stored + 1);
        if (key.Length < direct)
        {
            Write(transaction, &name, value, isRemoved);
            return 0;
        }

        Native.Value list;
        int found = Native.Get(transaction, _environment.Database, &name, &list);
        if (found != Native.NotFound)
        {
            _environment.Check(found, "read");
        }

        ReadOnlySpan<byte> before = found == Native.NotFound ? default : list.Span;
        byte[] after = LmdbFormat.Change(before, key[direct..], value, isRemoved, out int grown);
        int lists = (after.Length > 0 ? 1 : 0) - (before.Length > 0 ? 1 : 0);
        Write(transaction, &name, after, after.Length == 0);
        return grown - lists;
    }

    private void Write(nint transaction, Native.Value* name, ReadOnlySpan<byte> value, bool isRemoved)
    {
        if (isRemoved)
        {
            int removed = Native.Delete(transaction, _environment.Database, name, null);
            if (removed != Native.NotFound)
            {
                _environment.Check(removed, "write");
            }

            return;
        }

        fixed (byte* start = value)
        {
            var data = new Native.Value(start, value.Length);
            _environment.Check(Native.Put(transaction, _environment.Database, name, &data, 0), "write");
        }
    }

    private void Check(in IndexBatch batch)
    {
        if (batch.Lsn != Lsn.None && batch.Lsn.Value <= (ulong)_lsn)
        {
            throw new ArgumentException($"batch {batch.Lsn} is not after {_lsn}", nameof(batch));
        }

        ReadOnlySpan<byte> last = default;
        foreach (ref readonly IndexMutation mutation in batch.Mutations)
        {
            ReadOnlySpan<byte> key = batch.Key(mutation);
            if (key.Length is 0 or > LmdbFormat.MaxKeyBytes
                || mutation.ValueLength is < 0 or > LmdbFormat.MaxValueBytes)
            {
                throw new ArgumentException(
                    $"a key of {key.Length} and a value of {mutation.ValueLength} bytes", nameof(batch));
            }

            if (!last.IsEmpty && last.SequenceCompareTo(key) >= 0)
            {
                throw new ArgumentException("keys are not ascending", nameof(batch));
            }

            last = key;
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
}
