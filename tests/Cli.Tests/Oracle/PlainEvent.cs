using System.Text.Json;

namespace Mortise.Cli.Tests.Oracle;

/// <summary>An event as NIP-01 tells it, read by a JSON library and by nothing of ours.</summary>
internal sealed record PlainEvent(string Id, string Author, long CreatedAt, int Kind, string[][] Tags)
{
    public static PlainEvent Parse(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        JsonElement root = json.RootElement;
        return new PlainEvent(
            root.GetProperty("id").GetString()!,
            root.GetProperty("pubkey").GetString()!,
            root.GetProperty("created_at").GetInt64(),
            root.GetProperty("kind").GetInt32(),
            [.. root.GetProperty("tags").EnumerateArray().Select(
                tag => tag.EnumerateArray().Select(value => value.GetString()!).ToArray())]);
    }
}
