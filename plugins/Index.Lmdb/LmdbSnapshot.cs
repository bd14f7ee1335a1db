using Mortise.Indexing;

namespace Mortise.Index.Lmdb;

/// <summary>A read transaction of LMDB.</summary>
/// <remarks>LMDB wants one thread at a time to open and close in a transaction; reading needs no such care, because
/// cursors of a read transaction share only the map.</remarks>
internal sealed unsafe class LmdbSnapshot : IIndexSnapshot
{
    private readonly LmdbEnvironment _environment;
    private readonly EntrySample _sample;
    private readonly Lock _gate = new();
    private readonly long _listed;
    private nint _transaction;
    private bool _isReleased;

    /// <param name="environment">With a reference for this snapshot, which is given back also when this throws.</param>
    /// <param name="store">The store.</param>
    /// <param name="sample">Of the index, for estimates.</param>
    public LmdbSnapshot(LmdbEnvironment environment, Guid store, EntrySample sample)
    {
        _environment = environment;
        _sample = sample;
        try
        {
            _transaction = environment.Begin(isReadOnly: true);
            byte tag = LmdbFormat.StateTag;
            var key = new Native.Value(&tag, 1);
            Native.Value data;
            int found = Native.Get(_transaction, environment.Database, &key, &data);
            if (found != Native.NotFound)
            {
                environment.Check(found, "read");
                if (LmdbFormat.ReadState(data.Span, store, out Lsn lsn, out _listed) is { } problem)
                {
                    throw StorageException.Corrupt(LmdbIndex.DataFile, -1, problem);
                }

                Lsn = lsn;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Lsn Lsn { get; }

    /// <summary>How many keys there are.</summary>
    public long Entries => Math.Max(0, (long)Statistics().Entries - 1 + _listed);

    /// <summary>Bytes of the environment's file.</summary>
    public long DiskBytes => _environment.DiskBytes(Statistics().PageBytes);

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
    {
        valueLength = 0;
        int stored = Math.Min(key.Length, _environment.DirectBytes);
        byte* bytes = stackalloc byte[stored + 1];
        bytes[0] = LmdbFormat.EntryTag;
        key[..stored].CopyTo(new Span<byte>(bytes + 1, stored));
        var name = new Native.Value(bytes, stored + 1);
        Native.Value data;
        int error = Native.Get(Transaction(), _environment.Database, &name, &data);
        if (error == Native.NotFound)
        {
            return false;
        }

        _environment.Check(error, "read");
        ReadOnlySpan<byte> found = data.Span;
        if (key.Length >= _environment.DirectBytes && !TryFind(found, key[_environment.DirectBytes..], out found))
        {
            return false;
        }

        if (found.Length > value.Length)
        {
            throw new ArgumentException($"{value.Length} bytes for a value of {found.Length}", nameof(value));
        }

        found.CopyTo(value);
        valueLength = found.Length;
        return true;
    }

    /// <inheritdoc/>
    public void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        using LmdbCursor cursor = Open(range, direction);
        while (cursor.MoveNext() && sink.Accept(cursor.Key, cursor.Value))
        {
        }
    }

    /// <inheritdoc/>
    public IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) => Open(range, direction);

    /// <inheritdoc/>
    public long Estimate(KeyRange range) => _sample.Estimate(this, range);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isReleased)
            {
                return;
            }

            _isReleased = true;
            if (_transaction != 0)
            {
                Native.Abort(_transaction);
                Volatile.Write(ref _transaction, 0);
            }

            _environment.Release();
        }
    }

    /// <summary>Closes a cursor unless its transaction is gone.</summary>
    public void Close(nint cursor)
    {
        lock (_gate)
        {
            // LMDB lets the cursors of a read transaction be closed after it, but not its environment.
            if (_transaction != 0)
            {
                Native.CloseCursor(cursor);
            }
        }
    }

    private static bool TryFind(ReadOnlySpan<byte> list, ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> left = list;
        while (LmdbFormat.TryTake(ref left, out ReadOnlySpan<byte> other, out value))
        {
            if (other.SequenceEqual(rest))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    private LmdbCursor Open(KeyRange range, ScanDirection direction)
    {
        lock (_gate)
        {
            _environment.Check(
                Native.OpenCursor(Transaction(), _environment.Database, out nint cursor), "open a cursor in");
            return new LmdbCursor(this, _environment, cursor, range, direction);
        }
    }

    private Native.DatabaseStatistics Statistics()
    {
        Native.DatabaseStatistics statistics;
        _environment.Check(Native.GetStatistics(Transaction(), _environment.Database, &statistics), "examine");
        return statistics;
    }

    private nint Transaction() => Volatile.Read(ref _transaction) is var transaction and not 0
        ? transaction
        : throw new ObjectDisposedException(nameof(LmdbSnapshot));
}
