using Mortise.Components;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.Index.Lmdb.Tests;

/// <summary>What the disk may hold after a power cut while a batch is being committed, tried sector by sector.</summary>
/// <remarks>LMDB writes past the simulated disk, so the cut is made from two images of its file, one before a commit and one
/// after it. Between them LMDB writes the pages of its trees, syncs, and then writes one of the two pages of roots; that it
/// does so in this order is watched in the tool's tests, from the calls of the system. So before the sync any of the
/// sectors that differ may be there, and none of the roots; after it all of them are, and the roots or not.</remarks>
public sealed class LmdbPowerCutTests : IDisposable
{
    private const int Sector = 512;
    private const int PageBytes = 4096;
    private const int Commits = 12;
    private const int CutsPerCommit = 4;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mortise-lmdb-");
    private readonly CollectingLog _log = new();

    private static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : 20_260_101;

    private static int Soak { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int soak) ? Math.Max(1, soak) : 1;

    public void Dispose() => _folder.Delete(recursive: true);

    [SkippableFact]
    public async Task A_cut_in_a_commit_leaves_the_state_before_it_or_after_it_and_DurableLsn_says_which()
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        for (int round = 0; round < Soak; round++)
        {
            await CutEverywhereAsync(new Random(Seed + round), round);
        }
    }

    [SkippableFact]
    public async Task A_batch_that_cannot_be_committed_moves_neither_the_entries_nor_DurableLsn()
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        string folder = Below("full");
        var state = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        ulong lsn = 0;
        await using (IIndexFamily index = Open(folder))
        {
            StorageException? full = null;
            for (var random = new Random(Seed); full is null; lsn++)
            {
                var next = new SortedDictionary<string, byte[]>(state, StringComparer.Ordinal);
                IndexBatchBytes batch = Batch(random, next, 400, longest: 4_000);
                full = (StorageException?)Record.Exception(() => batch.ApplyTo(index, new Lsn(lsn + 1)));
                if (full is null)
                {
                    state = next;
                }
                else
                {
                    Assert.Equal(StorageErrorCode.NoSpace, full.Code);
                    lsn--;
                }
            }

            Assert.True(lsn > 0);
            Assert.Equal((lsn, lsn), (index.DurableLsn.Value, index.AppliedLsn.Value));
            Same(state, index, "after a batch for which there was no room");
        }

        await using IIndexFamily again = Open(folder);
        Assert.Equal(lsn, again.DurableLsn.Value);
        Same(state, again, "opened again");
    }

    private async Task CutEverywhereAsync(Random random, int round)
    {
        string live = Below($"live-{round}");
        string file = Path.Combine(live, LmdbIndex.DataFile);
        var before = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        int differing = 0;
        await using IIndexFamily index = Open(live);
        for (ulong lsn = 1; lsn <= Commits; lsn++)
        {
            byte[] from = File.ReadAllBytes(file);
            var after = new SortedDictionary<string, byte[]>(before, StringComparer.Ordinal);
            Batch(random, after, random.Next(1, 300), longest: 900).ApplyTo(index, new Lsn(lsn));
            byte[] to = File.ReadAllBytes(file);
            int[] sectors = [.. Differing(from, to).Where(static s => s >= 2 * PageBytes / Sector)];
            differing += sectors.Length;
            for (int cut = 0; cut < CutsPerCommit; cut++)
            {
                string at = $"(seed {Seed}, round {round}, commit {lsn}, cut {cut})";

                // Some of the trees' sectors, in a file that has grown or not; the roots are not written before a sync.
                double part = cut / (double)(CutsPerCommit - 1);
                byte[] image = cut % 2 == 0 ? Grown(from, to.Length) : [.. from];
                foreach (int sector in sectors.Where(_ => random.NextDouble() <= part))
                {
                    Copy(to, image, sector);
                }

                await CheckAsync(image, lsn - 1, before, "some sectors of the trees " + at);
            }

            byte[] synced = [.. to];
            foreach (int sector in Differing(from, to).Where(static s => s < 2 * PageBytes / Sector))
            {
                Copy(from, synced, sector);
            }

            await CheckAsync(synced, lsn - 1, before, $"all of the trees and no roots (seed {Seed}, commit {lsn})");
            await CheckAsync(to, lsn, after, $"everything (seed {Seed}, commit {lsn})");
            before = after;
        }

        // The cuts had something to cut.
        Assert.True(differing > Commits * 8, $"{differing} sectors differed");
    }

    private async Task CheckAsync(byte[] image, ulong lsn, SortedDictionary<string, byte[]> state, string what)
    {
        string folder = Below("cut");
        File.WriteAllBytes(Path.Combine(folder, LmdbIndex.DataFile), image);
        await using (IIndexFamily index = Open(folder))
        {
            Assert.True(lsn == index.DurableLsn.Value, $"{what}: DurableLsn is {index.DurableLsn}, not {lsn}");
            Same(state, index, what);

            // And it goes on from there.
            new IndexBatchBytes([("next", [1])]).ApplyTo(index, new Lsn(lsn + 1));
            Assert.Equal(lsn + 1, index.DurableLsn.Value);
        }

        Directory.Delete(folder, recursive: true);
        Assert.True(lsn == 0 || !_log.Messages.Any(static m => m.Level == ComponentLogLevel.Warning), what);
    }

    private static IndexBatchBytes Batch(
        Random random, SortedDictionary<string, byte[]> state, int changes, int longest)
    {
        var batch = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        for (int i = 0; i < changes; i++)
        {
            string key = $"key {random.Next(2_000):0000}" + new string('-', random.Next(20) == 0 ? 600 : 0);
            byte[]? value = random.Next(4) == 0 ? null : new byte[random.Next(longest)];
            random.NextBytes(value ?? []);
            batch[key] = value;
        }

        foreach ((string key, byte[]? value) in batch)
        {
            if (value is null)
            {
                state.Remove(key);
            }
            else
            {
                state[key] = value;
            }
        }

        return new IndexBatchBytes([.. batch.Select(static c => (c.Key, c.Value))]);
    }

    private static void Same(SortedDictionary<string, byte[]> state, IIndexFamily index, string what)
    {
        using IIndexSnapshot snapshot = index.OpenSnapshot();
        using IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, ScanDirection.Forward);
        foreach ((string key, byte[] value) in state)
        {
            Assert.True(cursor.MoveNext(), $"{what}: '{key}' is not there");
            Assert.Equal(key, System.Text.Encoding.ASCII.GetString(cursor.Key));
            Assert.True(cursor.Value.SequenceEqual(value), $"{what}: '{key}' has another value");
        }

        Assert.False(cursor.MoveNext(), what);
        Assert.Equal(state.Count, index.Statistics.Entries);
    }

    private static IEnumerable<int> Differing(byte[] from, byte[] to)
    {
        for (int sector = 0; sector * Sector < to.Length; sector++)
        {
            int at = sector * Sector;
            if (at >= from.Length || !from.AsSpan(at, Sector).SequenceEqual(to.AsSpan(at, Sector)))
            {
                yield return sector;
            }
        }
    }

    private static byte[] Grown(byte[] from, int length)
    {
        byte[] image = new byte[Math.Max(from.Length, length)];
        from.CopyTo(image, 0);
        return image;
    }

    private static void Copy(byte[] from, byte[] to, int sector)
    {
        int at = sector * Sector;
        if (at + Sector <= to.Length)
        {
            from.AsSpan(at, Sector).CopyTo(to.AsSpan(at));
        }
    }

    private string Below(string name) => _folder.CreateSubdirectory(name).FullName;

    private IIndexFamily Open(string folder) => Opening.Open(folder, _log, ByteSize.MiB(4));

    /// <summary>Changes in the order of the contract; null removes.</summary>
    private sealed class IndexBatchBytes((string Key, byte[]? Value)[] changes)
    {
        public void ApplyTo(IIndexFamily index, Lsn lsn)
        {
            List<byte> arena = [];
            List<IndexMutation> mutations = [];
            foreach ((string key, byte[]? value) in changes)
            {
                int at = arena.Count;
                arena.AddRange(System.Text.Encoding.ASCII.GetBytes(key));
                arena.AddRange(value ?? []);
                mutations.Add(new IndexMutation(
                    value is null ? IndexOperation.Remove : IndexOperation.Set,
                    at,
                    key.Length,
                    at + key.Length,
                    value?.Length ?? 0));
            }

            index.Apply(new IndexBatch(lsn, arena.ToArray(), mutations.ToArray()));
        }
    }
}
