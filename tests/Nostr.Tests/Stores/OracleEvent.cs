namespace Mortise.Nostr.Tests;

/// <summary>An event as strings, for oracles that are obviously right.</summary>
internal sealed record OracleEvent(NostrEvent Event, string Id, string Author, long CreatedAt, int Kind, string[][] Tags)
{
    public OracleEvent(NostrEvent @event)
        : this(@event, @event.Id, @event.PubKey, @event.CreatedAt, @event.Kind, @event.GetTags())
    {
    }

    public string? FirstValue(string name) =>
        Tags.FirstOrDefault(t => t.Length >= 2 && t[0] == name)?[1];

    public bool HasTag(string name, IReadOnlyCollection<string> values) =>
        Tags.Any(t => t.Length >= 2 && t[0] == name && values.Contains(t[1]));

    public bool IsExpired(long now) =>
        FirstValue("expiration") is { Length: > 0 and <= 18 } text
        && text.All(char.IsAsciiDigit)
        && long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) <= now;
}
