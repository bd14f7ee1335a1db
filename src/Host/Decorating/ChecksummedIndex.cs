using System.Buffers;
using System.Buffers.Binary;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Host.Decorating;

/// <summary>An index whose values carry a checksum of key and value, from the engine through the structure and
/// back: for structures that have none, and for memory that nobody checks.</summary>
/// <remarks>A value is followed by CRC-32C u32, little-endian, of key and value, begun with the key's length so that
/// no byte can move from one to the other. Threads: as the structure's.</remarks>
internal sealed class ChecksummedIndex : IndexDecorator
{
    private const int ChecksumBytes = sizeof(uint);
    private const int OnStack = 512;

    private readonly string _instance;

    /// <summary>Decorates an index.</summary>
    /// <param name="inner">A structure whose values may be 4 bytes and more.</param>
    /// <param name="instance">Its name, for messages.</param>
    public ChecksummedIndex(IIndexFamily inner, string instance)
        : base(inner)
    {
        _instance = instance;
        IndexTraits traits = inner.Traits;
        Traits = new IndexTraits
        {
            MaxKeyBytes = traits.MaxKeyBytes,
            MaxValueBytes = traits.MaxValueBytes - ChecksumBytes,
            IsPersistent = traits.IsPersistent,
        };
        Identity = Decorations.WithChecksum(inner.Identity);
    }

    /// <inheritdoc/>
    public override ComponentIdentity Identity { get; }

    /// <inheritdoc/>
    public override IndexTraits Traits { get; }

    /// <inheritdoc/>
    public override void Apply(in IndexBatch batch)
    {
        int bytes = 0;
        foreach (ref readonly IndexMutation mutation in batch.Mutations)
        {
            if (mutation.ValueLength > Traits.MaxValueBytes)
            {
                throw new ArgumentException(
                    $"a value of {mutation.ValueLength} bytes; the most are {Traits.MaxValueBytes}", nameof(batch));
            }

            bytes = checked(bytes + mutation.KeyLength + mutation.ValueLength + ChecksumBytes);
        }

        byte[] arena = ArrayPool<byte>.Shared.Rent(bytes);
        IndexMutation[] mutations = ArrayPool<IndexMutation>.Shared.Rent(batch.Mutations.Length);
        try
        {
            int at = 0;
            for (int i = 0; i < batch.Mutations.Length; i++)
            {
                ref readonly IndexMutation mutation = ref batch.Mutations[i];
                ReadOnlySpan<byte> key = batch.Key(mutation);
                ReadOnlySpan<byte> value = batch.Value(mutation);
                int keyAt = at;
                key.CopyTo(arena.AsSpan(at));
                at += key.Length;
                int valueAt = at;
                if (mutation.Operation == IndexOperation.Set)
                {
                    value.CopyTo(arena.AsSpan(at));
                    at += value.Length;
                    BinaryPrimitives.WriteUInt32LittleEndian(arena.AsSpan(at), Checksum(key, value));
                    at += ChecksumBytes;
                }

                mutations[i] = new IndexMutation(mutation.Operation, keyAt, key.Length, valueAt, at - valueAt);
            }

            Inner.Apply(new IndexBatch(batch.Lsn, arena.AsSpan(0, at), mutations.AsSpan(0, batch.Mutations.Length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(arena);
            ArrayPool<IndexMutation>.Shared.Return(mutations);
        }
    }

    /// <inheritdoc/>
    public override IIndexSnapshot OpenSnapshot() => new Snapshot(Inner.OpenSnapshot(), this);

    private static uint Checksum(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, key.Length);
        return ~Crc32C.Append(Crc32C.Append(Crc32C.Append(~0u, length), key), value);
    }

    /// <summary>The value without its checksum, which fits.</summary>
    private ReadOnlySpan<byte> Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> stored)
    {
        int length = stored.Length - ChecksumBytes;
        if (length < 0)
        {
            throw StorageException.Corrupt(
                _instance, -1, $"the value of key {Printable(key)} has {stored.Length} bytes, too few for a checksum");
        }

        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(stored[length..]);
        uint found = Checksum(key, stored[..length]);
        return expected == found
            ? stored[..length]
            : throw StorageException.Corrupt(
                _instance, -1, $"the value of key {Printable(key)} has checksum {found:x8}, not {expected:x8}");
    }

    private static string Printable(ReadOnlySpan<byte> key) =>
        Convert.ToHexStringLower(key[..Math.Min(key.Length, 64)]);

    private sealed class Snapshot(IIndexSnapshot inner, ChecksummedIndex index) : SnapshotDecorator(inner)
    {
        public override bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
        {
            valueLength = 0;
            int room = value.Length + ChecksumBytes;
            byte[]? rented = room > OnStack ? ArrayPool<byte>.Shared.Rent(room) : null;
            try
            {
                Span<byte> stored = rented is null ? stackalloc byte[OnStack] : rented;
                if (!Inner.TryGet(key, stored[..room], out int length))
                {
                    return false;
                }

                ReadOnlySpan<byte> opened = index.Open(key, stored[..length]);
                opened.CopyTo(value);
                valueLength = opened.Length;
                return true;
            }
            finally
            {
                if (rented is not null)
                {
                    ArrayPool<byte>.Shared.Return(rented);
                }
            }
        }

        public override void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        {
            var opening = new OpeningSink<TSink>(index, sink);
            try
            {
                Inner.Scan(range, direction, ref opening);
            }
            finally
            {
                sink = opening.Sink;
            }
        }

        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) =>
            new Cursor(Inner.OpenCursor(range, direction), index);
    }

    private ref struct OpeningSink<TSink>(ChecksummedIndex index, TSink sink) : IEntrySink
        where TSink : struct, IEntrySink, allows ref struct
    {
#pragma warning disable IDE0044 // A sink is a struct that changes while it accepts.
        private TSink _sink = sink;
#pragma warning restore IDE0044

        public readonly TSink Sink => _sink;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
            _sink.Accept(key, index.Open(key, value));
    }

    private sealed class Cursor(IIndexCursor inner, ChecksummedIndex index) : CursorDecorator(inner)
    {
        public override ReadOnlySpan<byte> Value => index.Open(Inner.Key, Inner.Value);
    }
}
