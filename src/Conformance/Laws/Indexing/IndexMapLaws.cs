using System.Collections.Immutable;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>That an index is an ordered map.</summary>
internal static class IndexMapLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IIndexFamily>> suite)
    {
        suite
            .Add(
                IndexLaws.Must("IX1", "Lookups, scans and cursors equal an ordered map after any changes, for any "
                    + "range, in both directions."),
                Oracle)
            .Add(
                IndexLaws.Must("IX3", "Keys come in the order of unsigned bytes, a prefix before its extensions, each "
                    + "once; backward is the reverse."),
                Order)
            .Add(
                IndexLaws.Must("IX5", "A set replaces the value and makes no second entry; a removed key is absent; a "
                    + "removal of an absent key changes nothing."),
                Replace)
            .Add(
                IndexLaws.Must("IX6", "Changes are absolute: applying the same batch again under a later LSN changes "
                    + "nothing."),
                Idempotent)
            .Add(
                IndexLaws.Must("IX11", "Keys and values of every size from the least to the declared limit come back; "
                    + "one more byte is refused, and an empty value is not absence."),
                Limits)
            .Add(
                IndexLaws.Must("IX12", "Keys that are prefixes, extensions or concatenations of each other do not "
                    + "collide."),
                Collisions)
            .Add(
                IndexLaws.Must("IX13", "Ranges at the ends: empty bounds mean all, inverted or equal bounds mean "
                    + "none, prefixes of 0xFF work."),
                Ranges)
            .Add(
                IndexLaws.Must("IX14", "An estimate is never 0 when the range is not empty, nor negative."),
                EstimateNotZero)
            .Add(
                IndexLaws.Should("IX27", "An estimate is within a factor of 2 once the range holds more than a page."),
                EstimateClose)
            .Add(
                IndexLaws.Must("IX19", "Seek moves to the first entry at or beyond a key in the cursor's direction, "
                    + "never backwards, never out of the range."),
                Seek)
            .Add(
                IndexLaws.Must("IX25", "A sink that returns false stops the scan; what it throws passes unchanged and "
                    + "nothing stays held."),
                Sinks)
            .Add(
                IndexLaws.Must("IX26", "A value buffer that is too short is an ArgumentException, not a cut value."),
                ShortBuffer);
    }

    private static void Oracle(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        run.Explore(run.Scale(12, 100, 1000), random => IndexOp.Mixed(random, 60, 40), (seed, ops) =>
        {
            using SimWorld world = IndexLaws.World(seed);
            IndexJournal journal = new();
            new IndexScript(subject, ops).Run(world, journal);
            using Session<IIndexFamily> session = new(subject, world);
            IIndexFamily index = session.Component;
            ImmutableSortedDictionary<byte[], byte[]> state = journal.States[(int)index.DurableLsn.Value];
            for (ulong lsn = index.DurableLsn.Value + 1; lsn <= (ulong)journal.Batches.Count; lsn++)
            {
                journal.Batches[(int)lsn - 1].ApplyTo(index, new Lsn(lsn));
                state = journal.States[(int)lsn];
            }

            Random random = Seeds.Generator(seed, 5);
            using IIndexSnapshot snapshot = index.OpenSnapshot();
            List<(byte[] Start, byte[] End)> ranges = [];
            for (int i = 0; i < 60; i++)
            {
                byte[] start = random.Next(5) == 0 ? [] : IndexChanges.Key(random.Next(400));
                byte[] end = random.Next(5) == 0 ? [] : IndexChanges.Key(random.Next(400));
                ranges.Add((start, end));
                foreach (ScanDirection direction in (ReadOnlySpan<ScanDirection>)
                    [ScanDirection.Forward, ScanDirection.Backward])
                {
                    List<ReadEntry> expected = IndexReading.Expected(state, start, end, direction);
                    string what = $"{direction} from {Convert.ToHexString(start)} to {Convert.ToHexString(end)}";
                    IndexReading.Same(expected, IndexReading.Scan(snapshot, start, end, direction), $"scan {what}");
                    IndexReading.Same(expected, IndexReading.Walk(snapshot, start, end, direction), $"cursor {what}");
                }
            }

            List<ReadEntry> firsts = [];
            foreach ((byte[] start, byte[] end) in ranges)
            {
                firsts.AddRange(IndexReading.Expected(state, start, end, ScanDirection.Forward).Take(1));
            }

            IndexReading.Same(
                firsts, IndexReading.ScanFirst(snapshot, ranges), $"first entries of {ranges.Count} ranges");

            for (int i = 0; i < 400; i++)
            {
                byte[] key = IndexChanges.Key(i);
                byte[]? found = IndexReading.Get(snapshot, key, index.Traits.MaxValueBytes);
                state.TryGetValue(key, out byte[]? expected);
                LawRun.Require(
                    found is null == expected is null && found.AsSpan().SequenceEqual(expected),
                    $"a lookup of {Convert.ToHexString(key)} gave {Text(found)}, expected {Text(expected)}");
            }
        });

    private static void Order(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IndexChanges all = IndexChanges.Random((int)(run.Seed & 0xFFFF), run.Scale(2000, 20_000, 100_000), 60_000);
        all.ApplyTo(session.Component, new Lsn(1));
        session.Complete(session.Component.CheckpointAsync());
        world.Background.RunAll();
        using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
        List<ReadEntry> forward = IndexReading.Scan(snapshot, [], [], ScanDirection.Forward);
        for (int i = 1; i < forward.Count; i++)
        {
            LawRun.Require(
                forward[i - 1].Key.AsSpan().SequenceCompareTo(forward[i].Key) < 0,
                $"key {Convert.ToHexString(forward[i].Key)} follows {Convert.ToHexString(forward[i - 1].Key)}");
        }

        IndexReading.Same(
            IndexReading.Expected(all.ApplyTo(IndexChanges.Empty), [], [], ScanDirection.Forward), forward, "all keys");
        List<ReadEntry> backward = IndexReading.Scan(snapshot, [], [], ScanDirection.Backward);
        backward.Reverse();
        IndexReading.Same(forward, backward, "backward, reversed");
    }

    private static void Replace(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        ulong lsn = 0;
        SortedDictionary<byte[], byte[]> state = new(KeyOrder.Instance);
        for (int round = 0; round < run.Scale(30, 100, 1000); round++)
        {
            IndexChanges changes = new();
            for (int i = 0; i < 20; i++)
            {
                byte[] key = IndexChanges.Key(i * 3);
                byte[]? value = (round + i) % 5 == 4 ? null : [(byte)round, (byte)i];
                changes.Changes[key] = value;
                if (value is null)
                {
                    state.Remove(key);
                }
                else
                {
                    state[key] = value;
                }
            }

            changes.ApplyTo(session.Component, new Lsn(++lsn));
            if (round % 4 == 3)
            {
                session.Complete(session.Component.CheckpointAsync());
            }

            IndexReading.SameWhole(state, session.Component, $"after round {round} of changes to the same keys");
        }
    }

    private static void Idempotent(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        List<IndexChanges> batches = [];
        ImmutableSortedDictionary<byte[], byte[]> state = IndexChanges.Empty;
        ulong lsn = 0;
        for (int i = 0; i < 10; i++)
        {
            batches.Add(IndexChanges.Random(i + (int)(run.Seed & 0xFFFF), 50));
            state = batches[i].ApplyTo(state);
            batches[i].ApplyTo(session.Component, new Lsn(++lsn));
        }

        long entries = session.Component.Statistics.Entries;
        for (int from = 0; from < batches.Count; from++)
        {
            for (int i = from; i < batches.Count; i++)
            {
                batches[i].ApplyTo(session.Component, new Lsn(++lsn));
            }

            IndexReading.SameWhole(state, session.Component, $"after batches {from + 1} to 10 once more");
        }

        // Counts may be estimates, and what was replaced may lie there until it is merged away; in a packed index it
        // does not.
        if (session.Component.TryGet(out IPackableIndex? packable))
        {
            session.Complete(packable.PackAsync());
        }

        LawRun.Require(
            session.Component.Statistics.Entries <= Math.Max(entries, state.Count) * 2,
            $"{session.Component.Statistics.Entries} entries are counted, there are {state.Count}");
    }

    private static void Limits(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IIndexFamily index = session.Component;
        IndexTraits traits = index.Traits;
        LawRun.Require(traits.MaxKeyBytes >= 1024, $"MaxKeyBytes is {traits.MaxKeyBytes}, at least 1024 is asked");
        LawRun.Require(traits.MaxValueBytes >= 512, $"MaxValueBytes is {traits.MaxValueBytes}, at least 512 is asked");
        ulong lsn = 0;
        SortedDictionary<byte[], byte[]> state = new(KeyOrder.Instance);
        int[] keys = [1, 2, 255, 256, 257, traits.MaxKeyBytes - 1, traits.MaxKeyBytes];
        int[] values = [0, 1, 255, 256, 257, traits.MaxValueBytes - 1, traits.MaxValueBytes];
        foreach (int keyBytes in keys)
        {
            foreach (int valueBytes in values)
            {
                byte[] key = Filled(keyBytes, valueBytes);
                byte[] value = Filled(valueBytes, keyBytes);
                IndexChanges changes = new();
                changes.Changes[key] = value;
                state[key] = value;
                changes.ApplyTo(index, new Lsn(++lsn));
            }
        }

        session.Complete(index.CheckpointAsync());
        world.Background.RunAll();
        IndexReading.SameWhole(state, index, "keys and values up to the limits");
        foreach ((int keyBytes, int valueBytes) in (ReadOnlySpan<(int, int)>)
            [(traits.MaxKeyBytes + 1, 1), (1, traits.MaxValueBytes + 1), (0, 1)])
        {
            IndexChanges tooMuch = new();
            tooMuch.Changes[Filled(keyBytes, 3)] = Filled(valueBytes, 3);
            LawRun.Throws<ArgumentException>(
                () =>
                    tooMuch.ApplyTo(index, new Lsn(lsn + 1)), $"a key of {keyBytes} and a value of {valueBytes} bytes");
        }

        IndexReading.SameWhole(state, index, "after refused keys and values");
    }

    private static byte[] Filled(int length, int with)
    {
        byte[] bytes = new byte[length];
        Seeds.Generator((ulong)length, (ulong)with).NextBytes(bytes);
        return bytes;
    }

    private static void Collisions(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IndexChanges changes = new();
        foreach (string key in (ReadOnlySpan<string>)
            ["a", "ab", "abc", "abcd", "b", "bc", "c", "\0", "\0\0", "a\0", "a\0\0", "\x7f", "\x80", "ÿ"])
        {
            changes.Changes[
                System.Text.Encoding.Latin1.GetBytes(key)
            ] = System.Text.Encoding.Latin1.GetBytes("value of " + key);
        }

        changes.ApplyTo(session.Component, new Lsn(1));
        session.Complete(session.Component.CheckpointAsync());
        IndexReading.SameWhole(changes.ApplyTo(IndexChanges.Empty), session.Component, "keys that extend each other");
        using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
        foreach ((byte[] key, byte[]? value) in changes.Changes)
        {
            LawRun.Require(
                IndexReading.Get(snapshot, key, 512).AsSpan().SequenceEqual(value), $"the value of {Text(key)} is "
                    + "another key's");
        }
    }

    private static void Ranges(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IndexChanges changes = new();
        byte[][] keys = [[0], [0, 0], [1], [0xFE, 0xFF], [0xFF], [0xFF, 0], [0xFF, 0xFF], [0xFF, 0xFF, 0xFF]];
        foreach (byte[] key in keys)
        {
            changes.Changes[key] = key;
        }

        changes.ApplyTo(session.Component, new Lsn(1));
        ImmutableSortedDictionary<byte[], byte[]> state = changes.ApplyTo(IndexChanges.Empty);
        for (int round = 0; round < 2; round++)
        {
            using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
            foreach (byte[] start in (byte[][])[[], .. keys])
            {
                foreach (byte[] end in (byte[][])[[], .. keys])
                {
                    foreach (ScanDirection direction in (ReadOnlySpan<ScanDirection>)
                        [ScanDirection.Forward, ScanDirection.Backward])
                    {
                        List<ReadEntry> expected = IndexReading.Expected(state, start, end, direction);
                        string what = $"{direction} [{Text(start)}, {Text(end)})";
                        IndexReading.Same(expected, IndexReading.Scan(snapshot, start, end, direction), $"scan {what}");
                        IndexReading.Same(
                            expected, IndexReading.Walk(snapshot, start, end, direction), $"cursor {what}");
                    }
                }
            }

            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
        }
    }

    private static void EstimateNotZero(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        Estimates(run, subject, (estimate, count, what) =>
        {
            LawRun.Require(estimate >= 0, $"the estimate of {what} is {estimate}");
            LawRun.Require(estimate > 0 || count == 0, $"the estimate of {what} is 0, and {count} entries are there");
        });

    private static void EstimateClose(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        Estimates(run, subject, (estimate, count, what) =>
            LawRun.Require(
                count < 2000 || (estimate <= count * 2 && count <= estimate * 2),
                $"the estimate of {what} is {estimate}, and {count} entries are there"));

    private static void Estimates(
        LawRun run, ComponentSubject<IIndexFamily> subject, Action<long, long, string> check)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        SortedSet<byte[]> keys = new(KeyOrder.Instance);
        Random random = Seeds.Generator(run.Seed);
        for (ulong lsn = 1; lsn <= 10; lsn++)
        {
            IndexChanges changes = new();
            for (int i = 0; i < run.Scale(1500, 5000, 50_000); i++)
            {
                byte[] key = new byte[random.Next(8, 20)];
                random.NextBytes(key);
                if (random.Next(2) == 0)
                {
                    key[0] = (byte)(256 / (1 + random.Next(64))); // Half of the keys crowd together.
                }

                changes.Changes[key] = [1, 2, 3, 4];
                keys.Add(key);
            }

            changes.ApplyTo(session.Component, new Lsn(lsn));
            if (lsn == 7)
            {
                session.Complete(session.Component.CheckpointAsync());
                world.Background.RunAll();
            }
        }

        byte[][] sorted = [.. keys];
        using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
        for (int i = 0; i < 200; i++)
        {
            int first = random.Next(sorted.Length);
            int end = i % 2 == 0 ? Math.Min(sorted.Length - 1, first + 1 + random.Next(5)) : random.Next(sorted.Length);
            long count = Math.Max(0, end - first);
            check(
                snapshot.Estimate(new KeyRange(sorted[first], sorted[end])), count,
                $"[{Text(sorted[first])}, {Text(sorted[end])})");
        }

        check(snapshot.Estimate(KeyRange.All), sorted.Length, "all");
    }

    private static void Seek(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        ImmutableSortedDictionary<byte[], byte[]> state = IndexChanges.Empty;
        for (ulong lsn = 1; lsn <= 6; lsn++)
        {
            IndexChanges changes = IndexChanges.Random((int)lsn, 120);
            changes.ApplyTo(session.Component, new Lsn(lsn));
            state = changes.ApplyTo(state);
            if (lsn == 4)
            {
                session.Complete(session.Component.CheckpointAsync());
            }
        }

        Random random = Seeds.Generator(run.Seed);
        using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
        for (int i = 0; i < run.Scale(200, 2000, 20_000); i++)
        {
            byte[] start = random.Next(3) == 0 ? [] : IndexChanges.Key(random.Next(400));
            byte[] end = random.Next(3) == 0 ? [] : IndexChanges.Key(random.Next(400));
            ScanDirection direction = random.Next(2) == 0 ? ScanDirection.Forward : ScanDirection.Backward;
            List<ReadEntry> entries = IndexReading.Expected(state, start, end, direction);
            using IIndexCursor cursor = snapshot.OpenCursor(new KeyRange(start, end), direction);
            int at = -1;
            for (int step = 0; step < 12; step++)
            {
                bool moved;
                string what;
                if (random.Next(2) == 0)
                {
                    moved = cursor.MoveNext();
                    at = Math.Min(at + 1, entries.Count);
                    what = "MoveNext";
                }
                else
                {
                    byte[] key = IndexChanges.Key(random.Next(400));
                    moved = cursor.Seek(key);
                    int target = entries.FindIndex(e => direction == ScanDirection.Forward
                        ? e.Key.AsSpan().SequenceCompareTo(key) >= 0
                        : e.Key.AsSpan().SequenceCompareTo(key) <= 0);
                    at = Math.Max(Math.Max(at, 0), target < 0 ? entries.Count : target);
                    what = $"Seek({Text(key)})";
                }

                LawRun.Require(
                    moved == at < entries.Count, $"{what} {direction} in [{Text(start)}, {Text(end)}) returned "
                        + $"{moved} at {at} of {entries.Count}");
                LawRun.Require(
                    !moved || (
                        cursor.Key.SequenceEqual(entries[at].Key) && cursor.Value.SequenceEqual(entries[at].Value)),
                    $"{what} {direction} in [{Text(start)}, {Text(end)}) is not at entry {at}");
            }
        }
    }

    private static void Sinks(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IndexChanges changes = IndexChanges.Random(1, 300);
        changes.ApplyTo(session.Component, new Lsn(1));
        session.Complete(session.Component.CheckpointAsync());
        using (IIndexSnapshot snapshot = session.Component.OpenSnapshot())
        {
            LawRun.Require(
                IndexReading.Scan(
                    snapshot, [], [], ScanDirection.Forward, 5).Count == 5, "a scan went on after its sink said stop");
            ThrowingEntrySink sink = default;
            InvalidTimeZoneException thrown = LawRun.Throws<InvalidTimeZoneException>(
                () => snapshot.Scan(KeyRange.All, ScanDirection.Backward, ref sink), "a sink that throws");
            LawRun.Require(ReferenceEquals(thrown, ThrowingEntrySink.Thrown), "the sink's exception was replaced");
        }

        IndexReading.SameWhole(changes.ApplyTo(IndexChanges.Empty), session.Component, "after a sink that threw");
    }

    private static void ShortBuffer(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IndexChanges changes = new();
        changes.Changes[[1]] = [1, 2, 3, 4, 5];
        changes.ApplyTo(session.Component, new Lsn(1));
        for (int round = 0; round < 2; round++)
        {
            using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
            LawRun.Throws<ArgumentException>(
                () => snapshot.TryGet([1], new byte[4], out _), "a value buffer of 4 for 5 bytes");
            LawRun.Require(
                snapshot.TryGet([1], new byte[5], out int length) && length == 5, "a buffer that fits is refused");
            LawRun.Require(!snapshot.TryGet([2], [], out _), "an absent key is found");
            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
        }
    }

    private static string Text(byte[]? bytes) => bytes is null ? "nothing" : Convert.ToHexString(bytes);

    private struct ThrowingEntrySink : IEntrySink
    {
        public static InvalidTimeZoneException Thrown { get; } = new("the sink's own");

        public readonly bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => throw Thrown;
    }
}
