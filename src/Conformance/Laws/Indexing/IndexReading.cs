using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>One entry that was read.</summary>
internal readonly record struct ReadEntry(byte[] Key, byte[] Value)
{
    public override string ToString() => $"{Convert.ToHexString(Key)}={Convert.ToHexString(Value)}";
}

/// <summary>Collects a scan.</summary>
internal struct EntryCollector : IEntrySink
{
    public List<ReadEntry> Entries { get; } = [];

    public int StopAfter { get; init; } = int.MaxValue;

    public EntryCollector()
    {
    }

    public readonly bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Entries.Add(new ReadEntry(key.ToArray(), value.ToArray()));
        return Entries.Count < StopAfter;
    }
}

/// <summary>Collects the first entries of ranges.</summary>
internal struct FirstEntryCollector : IFirstEntrySink
{
    public List<ReadEntry> Entries { get; } = [];

    public List<int> Ranges { get; } = [];

    public FirstEntryCollector()
    {
    }

    public readonly bool Accept(int range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Ranges.Add(range);
        Entries.Add(new ReadEntry(key.ToArray(), value.ToArray()));
        return true;
    }
}

/// <summary>Reads an index in each of its ways and compares them with an oracle.</summary>
internal static class IndexReading
{
    public static List<ReadEntry> Scan(
        IIndexSnapshot snapshot, byte[] start, byte[] end, ScanDirection direction, int stopAfter = int.MaxValue)
    {
        EntryCollector sink = new() { StopAfter = stopAfter };
        snapshot.Scan(new KeyRange(start, end), direction, ref sink);
        return sink.Entries;
    }

    /// <summary>The first entries of some ranges; fails when they do not come in the order of the ranges.</summary>
    public static List<ReadEntry> ScanFirst(IIndexSnapshot snapshot, List<(byte[] Start, byte[] End)> ranges)
    {
        List<byte> keys = [];
        List<int> ends = [];
        foreach ((byte[] start, byte[] end) in ranges)
        {
            keys.AddRange(start);
            ends.Add(keys.Count);
            keys.AddRange(end);
            ends.Add(keys.Count);
        }

        FirstEntryCollector sink = new();
        snapshot.ScanFirst(new KeyRanges([.. keys], [.. ends]), ref sink);
        for (int i = 1; i < sink.Ranges.Count; i++)
        {
            LawRun.Require(
                sink.Ranges[i - 1] < sink.Ranges[i],
                $"the first entry of range {sink.Ranges[i]} follows that of range {sink.Ranges[i - 1]}");
        }

        return sink.Entries;
    }

    public static List<ReadEntry> Walk(IIndexSnapshot snapshot, byte[] start, byte[] end, ScanDirection direction)
    {
        List<ReadEntry> entries = [];
        byte[] from = [.. start];
        byte[] to = [.. end];
        using IIndexCursor cursor = snapshot.OpenCursor(new KeyRange(from, to), direction);
        from.AsSpan().Fill(0xCC);
        to.AsSpan().Fill(0xCC);
        while (cursor.MoveNext())
        {
            entries.Add(new ReadEntry(cursor.Key.ToArray(), cursor.Value.ToArray()));
        }

        LawRun.Require(!cursor.MoveNext(), "a cursor that was past the end moved on");
        return entries;
    }

    public static List<ReadEntry> Expected(
        IEnumerable<KeyValuePair<byte[], byte[]>> state, byte[] start, byte[] end, ScanDirection direction)
    {
        List<ReadEntry> entries = [];
        foreach ((byte[] key, byte[] value) in state)
        {
            if (new KeyRange(start, end).Contains(key))
            {
                entries.Add(new ReadEntry(key, value));
            }
        }

        if (direction == ScanDirection.Backward)
        {
            entries.Reverse();
        }

        return entries;
    }

    /// <summary>Requires that two readings are the same, and names the first difference.</summary>
    public static void Same(List<ReadEntry> expected, List<ReadEntry> found, string what)
    {
        for (int i = 0; i < Math.Max(expected.Count, found.Count); i++)
        {
            string e = i < expected.Count ? expected[i].ToString() : "the end";
            string f = i < found.Count ? found[i].ToString() : "the end";
            LawRun.Require(
                e == f, $"{what}: entry {i} is {f}, expected {e} ({found.Count} and {expected.Count} entries)");
        }
    }

    /// <summary>Compares everything that a snapshot holds with an oracle.</summary>
    public static void SameWhole(
        IEnumerable<KeyValuePair<byte[], byte[]>> state, IIndexFamily index, string what)
    {
        using IIndexSnapshot snapshot = index.OpenSnapshot();
        Same(Expected(state, [], [], ScanDirection.Forward), Scan(snapshot, [], [], ScanDirection.Forward), what);
    }

    public static byte[]? Get(IIndexSnapshot snapshot, byte[] key, int maxValue)
    {
        byte[] value = new byte[maxValue];
        return snapshot.TryGet(key, value, out int length) ? value[..length] : null;
    }
}
