using System.Text;
using Mortise.Nostr;

namespace Mortise.Bench.Tests;

public sealed class OwnEventsTests
{
    [Fact]
    public async Task Own_events_are_checked_stored_and_every_answer_is_that_of_a_search_of_all()
    {
        using var folder = new TemporaryFolder();
        var lines = new List<byte[]>();
        foreach (NostrEvent @event in SampleEvents.Generate(120, 7))
        {
            lines.Add(Encoding.UTF8.GetBytes(@event.ToJson()));
        }

        byte[] forged = Encoding.UTF8.GetBytes(
            NostrEvent.CreateUnsigned(new byte[32], 1_700_000_000, 1, "not signed").ToJson());
        lines.Insert(50, forged);
        lines.Insert(90, "no event"u8.ToArray());
        IReadOnlyList<IReadOnlyList<Filter>> requests =
        [
            [new Filter { Kinds = KindSet.Of(1), Limit = 10 }],
            [new Filter { Limit = 5 }, new Filter { Kinds = KindSet.Of(0, 3, 7) }],
            [new Filter { Since = 1, Until = 2 }],
        ];
        OwnEventsResult result = await new OwnEventsRun(Stores.Compose, folder.Path, 32)
            .RunAsync(lines, requests, null, default);
        Assert.Equal(120, result.Lines);
        Assert.Equal(2, result.Refused);
        Assert.InRange(result.Stored, 1, 120);
        Assert.Empty(result.Wrong);
        Assert.True(result.Results >= 15);
    }
}
