using System.Text;
using System.Text.Json;

namespace Mortise.Nostr.Tests;

/// <summary>The real events, where the machine has them, read without the code under test.</summary>
internal static class RealEvents
{
    private static readonly Lazy<IReadOnlyList<NostrEvent>> s_all = new(Read);

    /// <summary>All of them, oldest first.</summary>
    public static IReadOnlyList<NostrEvent> All => s_all.Value;

    private static List<NostrEvent> Read()
    {
        var events = new List<NostrEvent>();
        foreach (byte[] line in SharedData.Lines(SharedData.Events))
        {
            using var json = JsonDocument.Parse(line);
            events.Add(Read(json.RootElement));
        }

        return events;
    }

    private static NostrEvent Read(JsonElement json)
    {
        var tags = new TagListWriter();
        foreach (JsonElement tag in json.GetProperty("tags").EnumerateArray())
        {
            tags.AddTag([.. tag.EnumerateArray().Select(v => v.GetString()!)]);
        }

        return NostrEvent.FromRecord(EventRecord.Encode(
            Convert.FromHexString(json.GetProperty("id").GetString()!),
            Convert.FromHexString(json.GetProperty("pubkey").GetString()!),
            Convert.FromHexString(json.GetProperty("sig").GetString()!),
            json.GetProperty("created_at").GetInt64(),
            json.GetProperty("kind").GetInt32(),
            tags,
            Encoding.UTF8.GetBytes(json.GetProperty("content").GetString()!)));
    }
}

/// <summary>A theory over the real events; skipped, and said to be, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealEventsTheoryAttribute : TheoryAttribute
{
    public RealEventsTheoryAttribute()
    {
        if (!SharedData.Has(SharedData.Events))
        {
            Skip = $"the real events are not on this machine: put them into {SharedData.Folder}, or set MORTISE_SHARED_DATA";
        }
    }
}
