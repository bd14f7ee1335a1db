using Mortise.Indexing;

namespace Mortise.Index.Lmdb;

/// <summary>Every n-th key of an index, for estimates, which LMDB itself has none of.</summary>
/// <remarks>Short ranges are counted. The sample is taken again when the number of keys has changed by an eighth, so its
/// cost is spread over that many changes. Threads: any.</remarks>
internal sealed class EntrySample
{
    private const int Step = 64;
    private const int CountUpTo = 4 * Step;

    private readonly Lock _gate = new();
    private byte[][] _keys = [];
    private long _entries;

    public long Estimate(LmdbSnapshot snapshot, KeyRange range)
    {
        long counted = 0;
        using (IIndexCursor cursor = snapshot.OpenCursor(range, ScanDirection.Forward))
        {
            while (counted < CountUpTo && cursor.MoveNext())
            {
                counted++;
            }
        }

        if (counted < CountUpTo)
        {
            return counted;
        }

        byte[][] keys = Keys(snapshot);
        long between = Position(keys, range.End, keys.Length) - Position(keys, range.Start, 0);
        return Math.Max(counted, between * Step);
    }

    private static int Position(byte[][] keys, ReadOnlySpan<byte> key, int whenEmpty)
    {
        if (key.IsEmpty)
        {
            return whenEmpty;
        }

        int low = 0;
        int high = keys.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (key.SequenceCompareTo(keys[middle]) > 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private byte[][] Keys(LmdbSnapshot snapshot)
    {
        long entries = snapshot.Entries;
        lock (_gate)
        {
            if (Math.Abs(entries - _entries) * 8 <= _entries && _keys.Length > 0)
            {
                return _keys;
            }

            var keys = new List<byte[]>();
            using IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, ScanDirection.Forward);
            for (long i = 0; cursor.MoveNext(); i++)
            {
                if (i % Step == 0)
                {
                    keys.Add(cursor.Key.ToArray());
                }
            }

            _keys = [.. keys];
            _entries = entries;
            return _keys;
        }
    }
}
