namespace Mortise.Nostr.Tests.Events;

public sealed class EventRecordTests
{
    private static readonly byte[] s_author = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    [Fact]
    public void What_goes_in_comes_out()
    {
        string hex = new('a', 64);
        var made = NostrEvent.CreateUnsigned(s_author, 1_700_000_000, 30023, "héllo \0 \"", ["d", ""], [], ["e", hex, "wss://x"], ["expiration", "1"]);
        Assert.Equal(1_700_000_000, made.CreatedAt);
        Assert.Equal(30023, made.Kind);
        Assert.Equal("héllo \0 \"", made.Content);
        Assert.Equal([["d", ""], [], ["e", hex, "wss://x"], ["expiration", "1"]], made.GetTags());
        Assert.True(EventId.IsRight(made.View));
        Assert.True(EventView.TryOpen(made.Record.Span, out _, out string? fact), fact);
    }
}
