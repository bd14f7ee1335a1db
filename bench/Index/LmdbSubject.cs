using System.Buffers.Binary;

namespace Mortise.Bench.Index;

/// <summary>LMDB with a writable map and no sync but <see cref="Sync"/>: its fastest way to take batches.</summary>
internal sealed unsafe class LmdbSubject : ISubject
{
    private readonly Workload _work;
    private readonly string _path;
    private readonly nint _env;
    private readonly uint _dbi;

    public LmdbSubject(Workload work, string path)
    {
        _work = work;
        _path = Path.Combine(path, "data.mdb");
        Directory.CreateDirectory(path);
        Lmdb.Check(Lmdb.mdb_env_create(out _env));
        Lmdb.Check(Lmdb.mdb_env_set_mapsize(_env, (nuint)64 << 30));
        Lmdb.Check(Lmdb.mdb_env_open(_env, _path, Lmdb.NoSubDir | Lmdb.NoSync | Lmdb.WriteMap | Lmdb.NoReadAhead, 0x1A4));
        Lmdb.Check(Lmdb.mdb_txn_begin(_env, 0, 0, out nint txn));
        Lmdb.Check(Lmdb.mdb_dbi_open(txn, null, 0, out _dbi));
        Lmdb.Check(Lmdb.mdb_txn_commit(txn));
    }

    public string Name => "lmdb";

    // With a writable map the file is as long as the map, so what it occupies is what counts.
    public long DiskBytes => Blocks.Of(_path);

    public void Write(ReadOnlySpan<int> positions)
    {
        Lmdb.Check(Lmdb.mdb_txn_begin(_env, 0, 0, out nint txn));
        byte* value = stackalloc byte[Workload.ValueBytes];
        foreach (int position in positions)
        {
            BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(value, Workload.ValueBytes), position);
            fixed (byte* key = _work.Key(position))
            {
                Lmdb.Val k = new() { Size = Workload.KeyBytes, Data = key };
                Lmdb.Val v = new() { Size = Workload.ValueBytes, Data = value };
                Lmdb.Check(Lmdb.mdb_put(txn, _dbi, &k, &v, 0));
            }
        }

        Lmdb.Check(Lmdb.mdb_txn_commit(txn));
    }

    public void Sync() => Lmdb.Check(Lmdb.mdb_env_sync(_env, 1));

    public void Settle()
    {
    }

    public IReader OpenReader() => new Reader(_env, _dbi);

    public void Dispose() => Lmdb.mdb_env_close(_env);

    private sealed class Reader : IReader
    {
        private readonly nint _txn;
        private readonly nint _cursor;
        private readonly uint _dbi;

        public Reader(nint env, uint dbi)
        {
            _dbi = dbi;
            Lmdb.Check(Lmdb.mdb_txn_begin(env, 0, Lmdb.ReadOnly, out _txn));
            Lmdb.Check(Lmdb.mdb_cursor_open(_txn, dbi, out _cursor));
        }

        public bool TryGet(ReadOnlySpan<byte> key, Span<byte> value)
        {
            fixed (byte* k = key)
            {
                Lmdb.Val wanted = new() { Size = (nuint)key.Length, Data = k };
                Lmdb.Val found = default;
                int result = Lmdb.mdb_get(_txn, _dbi, &wanted, &found);
                if (result == Lmdb.NotFound)
                {
                    return false;
                }

                Lmdb.Check(result);
                new ReadOnlySpan<byte>(found.Data, (int)found.Size).CopyTo(value);
                return true;
            }
        }

        public long Scan(ReadOnlySpan<byte> from, int count)
        {
            long sum = 0;
            fixed (byte* k = from)
            {
                Lmdb.Val key = new() { Size = (nuint)from.Length, Data = k };
                Lmdb.Val value = default;
                int result = Lmdb.mdb_cursor_get(_cursor, &key, &value, Lmdb.SetRange);
                while (result == 0)
                {
                    sum += key.Data[key.Size - 1] + *(long*)value.Data;
                    if (--count <= 0)
                    {
                        break;
                    }

                    result = Lmdb.mdb_cursor_get(_cursor, &key, &value, Lmdb.Next);
                }
            }

            return sum;
        }

        public void Dispose()
        {
            Lmdb.mdb_cursor_close(_cursor);
            Lmdb.mdb_txn_abort(_txn);
        }
    }
}
