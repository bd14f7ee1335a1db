using System.Buffers.Binary;

namespace Mortise.Bench.Index;

/// <summary>N keys of 40 bytes with values of 8, in an order of arrival and in sorted order.</summary>
internal sealed class Workload
{
    public const int KeyBytes = 40;
    public const int ValueBytes = 8;

    private readonly byte[][] _chunks;
    private const int PerChunk = 1 << 20;

    public Workload(int count, string shape)
    {
        Count = count;
        Shape = shape;
        _chunks = new byte[(count + PerChunk - 1) / PerChunk][];
        for (int i = 0; i < _chunks.Length; i++)
        {
            _chunks[i] = new byte[Math.Min(PerChunk, count - (i * PerChunk)) * KeyBytes];
        }

        for (int i = 0; i < count; i++)
        {
            Make(i, MutableKey(i));
        }

        Sorted = new int[count];
        ulong[] heads = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            Sorted[i] = i;
            heads[i] = BinaryPrimitives.ReadUInt64BigEndian(Key(i));
        }

        Array.Sort(heads, Sorted);
        for (int i = 0; i < count;)
        {
            int end = i + 1;
            while (end < count && heads[end] == heads[i])
            {
                end++;
            }

            Sorted.AsSpan(i, end - i).Sort((a, b) => Key(a).SequenceCompareTo(Key(b)));
            i = end;
        }
    }

    public int Count { get; }

    public string Shape { get; }

    /// <summary>Positions in key order.</summary>
    public int[] Sorted { get; }

    public ReadOnlySpan<byte> Key(int position) => MutableKey(position);

    /// <summary>A key that is not there.</summary>
    public void AbsentKey(int number, Span<byte> key)
    {
        Key(number % Count).CopyTo(key);
        key[^9] ^= 0x5A;
        key[^1] ^= 0xA5;
    }

    public static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private Span<byte> MutableKey(int position) =>
        _chunks[position / PerChunk].AsSpan(position % PerChunk * KeyBytes, KeyBytes);

    private void Make(int i, Span<byte> key)
    {
        // "random": 40 bytes of a hash. "author": one of about 20,000 authors of skewed activity, then the inverted time.
        ulong seed = (ulong)i;
        int words = 5;
        if (Shape == "author")
        {
            double u = Mix(seed) / (double)ulong.MaxValue;
            seed = (ulong)(20_000 * u * u * u);
            words = 4;
        }

        for (int w = 0; w < words; w++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(key[(8 * w)..], Mix((seed * 8) + (ulong)w));
        }

        if (Shape == "author")
        {
            BinaryPrimitives.WriteUInt64BigEndian(key[32..], ulong.MaxValue - (1_700_000_000UL + (ulong)i));
        }
    }
}
