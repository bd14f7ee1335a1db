using System.Buffers.Binary;

namespace Mortise.Bench.Index;

/// <summary>RocksDB without its log, with a Bloom filter and a block cache of half a GiB.</summary>
internal sealed unsafe class RocksDbSubject : ISubject
{
    private readonly Workload _work;
    private readonly string _path;
    private readonly nint _db;
    private readonly nint _write = RocksDb.rocksdb_writeoptions_create();
    private readonly nint _batch = RocksDb.rocksdb_writebatch_create();

    public RocksDbSubject(Workload work, string path)
    {
        _work = work;
        _path = path;
        nint table = RocksDb.rocksdb_block_based_options_create();
        RocksDb.rocksdb_block_based_options_set_filter_policy(table, RocksDb.rocksdb_filterpolicy_create_bloom(10));
        RocksDb.rocksdb_block_based_options_set_block_cache(table, RocksDb.rocksdb_cache_create_lru(512u << 20));
        nint options = RocksDb.rocksdb_options_create();
        RocksDb.rocksdb_options_set_create_if_missing(options, 1);
        RocksDb.rocksdb_options_increase_parallelism(options, 2);
        RocksDb.rocksdb_options_set_write_buffer_size(options, 64u << 20);
        RocksDb.rocksdb_options_set_compression(options, 0);
        RocksDb.rocksdb_options_set_block_based_table_factory(options, table);
        byte* error = null;
        _db = RocksDb.rocksdb_open(options, path, &error);
        RocksDb.Check(error);
        RocksDb.rocksdb_writeoptions_disable_WAL(_write, 1);
    }

    public string Name => "rocksdb";

    public long DiskBytes => Blocks.Of(_path);

    public void Write(ReadOnlySpan<int> positions)
    {
        RocksDb.rocksdb_writebatch_clear(_batch);
        byte* value = stackalloc byte[Workload.ValueBytes];
        foreach (int position in positions)
        {
            BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(value, Workload.ValueBytes), position);
            fixed (byte* key = _work.Key(position))
            {
                RocksDb.rocksdb_writebatch_put(_batch, key, Workload.KeyBytes, value, Workload.ValueBytes);
            }
        }

        byte* error = null;
        RocksDb.rocksdb_write(_db, _write, _batch, &error);
        RocksDb.Check(error);
    }

    public void Sync()
    {
        byte* error = null;
        RocksDb.rocksdb_flush(_db, RocksDb.rocksdb_flushoptions_create(), &error);
        RocksDb.Check(error);
    }

    public void Settle() => RocksDb.rocksdb_compact_range(_db, null, 0, null, 0);

    public IReader OpenReader() => new Reader(_db);

    public void Dispose() => RocksDb.rocksdb_close(_db);

    private sealed class Reader(nint db) : IReader
    {
        private readonly nint _options = RocksDb.rocksdb_readoptions_create();

        public bool TryGet(ReadOnlySpan<byte> key, Span<byte> value)
        {
            byte* error = null;
            fixed (byte* k = key)
            {
                nint slice = RocksDb.rocksdb_get_pinned(db, _options, k, (nuint)key.Length, &error);
                RocksDb.Check(error);
                if (slice == 0)
                {
                    return false;
                }

                nuint length;
                byte* found = RocksDb.rocksdb_pinnableslice_value(slice, &length);
                bool isThere = found is not null;
                if (isThere)
                {
                    new ReadOnlySpan<byte>(found, (int)length).CopyTo(value);
                }

                RocksDb.rocksdb_pinnableslice_destroy(slice);
                return isThere;
            }
        }

        public long Scan(ReadOnlySpan<byte> from, int count)
        {
            long sum = 0;
            nint iterator = RocksDb.rocksdb_create_iterator(db, _options);
            fixed (byte* k = from)
            {
                RocksDb.rocksdb_iter_seek(iterator, k, (nuint)from.Length);
            }

            while (RocksDb.rocksdb_iter_valid(iterator) != 0)
            {
                nuint keyLength;
                nuint valueLength;
                byte* key = RocksDb.rocksdb_iter_key(iterator, &keyLength);
                byte* value = RocksDb.rocksdb_iter_value(iterator, &valueLength);
                sum += key[keyLength - 1] + *(long*)value;
                if (--count <= 0)
                {
                    break;
                }

                RocksDb.rocksdb_iter_next(iterator);
            }

            RocksDb.rocksdb_iter_destroy(iterator);
            return sum;
        }

        public void Dispose()
        {
        }
    }
}
