using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>What a person sees while a store takes its time to open. The clock runs a tenth of a second each time that
/// somebody looks at it, so that every opening is a long one.</summary>
public sealed class OpeningLinesTests
{
    private const int Commits = 60;

    [Fact]
    public async Task A_long_replay_of_few_large_commits_says_how_far_it_is()
    {
        using var folder = new TemporaryFolder();
        string crashed = await CrashedAsync(folder);
        string text = await OpenAsync(crashed, rebuild: false);
        Assert.Matches($"opening: replaying the log, [0-9]+ of {Commits} commits \\([0-9]+ %\\), [0-9.]+ s so far", text);
        Assert.Matches($"opened in [0-9.]+ s: {Commits} commits replayed, 0 index families rebuilt", text);
    }

    [Fact]
    public async Task A_long_rebuild_says_how_far_it_is()
    {
        using var folder = new TemporaryFolder();
        string crashed = await CrashedAsync(folder);
        string text = await OpenAsync(crashed, rebuild: true);
        Assert.Matches($"opening: rebuilding index families, [0-9]+ of {Commits} records", text);
        Assert.Matches("opened in [0-9.]+ s: .* [1-9] index families rebuilt", text);
    }

    private static async Task<string> CrashedAsync(TemporaryFolder folder)
    {
        string copy = folder.File("crashed");
        byte[] author = [.. Enumerable.Repeat((byte)1, 32)];
        await using EventStore store = await StoreFixture.OpenAsync(folder.Data);
        for (int i = 0; i < Commits; i++)
        {
            await store.PutAsync(NostrEvent.CreateUnsigned(author, 1_700_000_000 + i, 1, $"event {i}"));
        }

        StoreFixture.CopyOpen(folder.Data, copy);
        return copy;
    }

    private static async Task<string> OpenAsync(string data, bool rebuild)
    {
        using var error = new StringWriter();
        StoreComposition stack = StoreFixture.Compose(data);
        stack = stack with
        {
            Time = new FastClock(),
            Listeners = [new OpeningLines(error)],
            RebuildFamilies = rebuild ? [.. stack.Families.Select(static f => f.Name)] : [],
        };
        await using (await EventStore.OpenAsync(stack))
        {
            return error.ToString();
        }
    }

    private sealed class FastClock : TimeProvider
    {
        private long _milliseconds;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Interlocked.Add(ref _milliseconds, 100);
    }
}
