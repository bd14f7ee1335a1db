using System.Text.Json.Nodes;
using Mortise.Nostr;
using Xunit.Abstractions;

namespace Mortise.Relay.Tests;

/// <summary>Random requests through the socket against a search of everything, which parses the JSON for
/// itself.</summary>
public sealed class OracleTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Answers_are_those_of_brute_force_in_order_and_up_to_the_limit()
    {
        Random random = TestSeed.Random(output);
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.GuardGiftWraps = false),
            new EventPolicyOptions
            {
                Superseded = SupersededVersions.KeepAll,
                HonourDeletions = false,
                HonourExpiration = false,
                HonourVanish = false,
            });
        JsonObject[] events = [.. SampleEvents.Generate(1_500, 11)
            .Where(e => !EventKinds.IsEphemeral(e.Kind))
            .Select(e => JsonNode.Parse(e.ToJson())!.AsObject())];
        await relay.Store.PutAsync([.. SampleEvents.Generate(1_500, 11)]);
        await using TestClient client = await relay.ConnectAsync();
        JsonObject[] ordered = [.. events.OrderByDescending(e => (long)e["created_at"]!)
            .ThenBy(e => (string)e["id"]!, StringComparer.Ordinal)];
        int requests = 300 * TestSeed.Soak;
        int found = 0;
        for (int i = 0; i < requests; i++)
        {
            JsonObject[] filters = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomFilter(events, random))];
            string[] expected = [.. filters
                .SelectMany(f => ordered.Where(e => Matches(f, e)).Take((int?)f["limit"] ?? 500))
                .Distinct()
                .OrderBy(e => Array.IndexOf(ordered, e))
                .Select(e => (string)e["id"]!)];
            string[] texts = [.. filters.Select(f => f.ToJsonString())];
            List<string> answer = await client.QueryAsync(texts);
            Assert.True(expected.SequenceEqual(answer), $"{string.Join(',', texts)}: {answer.Count} for {expected.Length}");
            Assert.Equal(expected.Length, await client.CountAsync(
                [.. filters.Select(f => WithLimit(f, (int?)f["limit"] ?? 500).ToJsonString())]));
            found += expected.Length;
        }

        output.WriteLine($"{requests} requests, {found} events");
        Assert.True(found > requests, "requests that find nothing show nothing");
    }

    [Fact]
    public async Task Live_events_reach_those_subscriptions_that_want_them_and_no_others()
    {
        Random random = TestSeed.Random(output);
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.GuardGiftWraps = false),
            new EventPolicyOptions
            {
                Superseded = SupersededVersions.KeepAll,
                HonourDeletions = false,
                HonourExpiration = false,
                HonourVanish = false,
            });
        NostrEvent[] events = [.. SampleEvents.Generate(400, 12)];
        JsonObject[] json = [.. events.Select(e => JsonNode.Parse(e.ToJson())!.AsObject())];
        await using TestClient client = await relay.ConnectAsync();
        var wanted = new Dictionary<string, JsonObject[]>();
        for (int i = 0; i < 40; i++)
        {
            JsonObject[] filters = [.. Enumerable.Range(0, random.Next(1, 4))
                .Select(_ => WithLimit(RandomFilter(json, random), 0))];
            wanted[$"{i}"] = filters;
            await client.SendAsync($"[\"REQ\",\"{i}\",{string.Join(',', filters.Select(f => f.ToJsonString()))}]");
            Assert.Equal("EOSE", (string?)(await client.ReceiveAsync())[0]);
        }

        await client.SendAsync("[\"REQ\",\"all\",{\"limit\":0}]");
        await client.ReceiveAsync("EOSE");
        await relay.Store.PutAsync(events);
        var got = new HashSet<(string, string)>();
        var all = new HashSet<string>();
        while (all.Count < json.Length)
        {
            JsonArray message = await client.ReceiveAsync();
            Assert.Equal("EVENT", (string?)message[0]);
            string id = (string)message[2]!["id"]!;
            Assert.True((string?)message[1] == "all" ? all.Add(id) : got.Add(((string)message[1]!, id)), "an event came twice");
        }

        // Each event is dispatched to all before the next one is, but the last one's may still be on their way.
        await client.SendAsync("[\"REQ\",\"end\",{\"limit\":0}]");
        for (JsonArray message = await client.ReceiveAsync(); (string?)message[0] == "EVENT"; message = await client.ReceiveAsync())
        {
            got.Add(((string)message[1]!, (string)message[2]!["id"]!));
        }

        var expected = new HashSet<(string, string)>(
            from subscription in wanted
            from one in json
            where subscription.Value.Any(f => Matches(f, one))
            select (subscription.Key, (string)one["id"]!));
        Assert.True(expected.SetEquals(got), $"{got.Count} deliveries for {expected.Count}");
        Assert.NotEmpty(expected);
    }

    private static JsonObject WithLimit(JsonObject filter, int limit)
    {
        JsonObject copy = filter.DeepClone().AsObject();
        copy["limit"] = limit;
        return copy;
    }

    private static JsonObject RandomFilter(JsonObject[] events, Random random)
    {
        var filter = new JsonObject();
        JsonObject Any() => events[random.Next(events.Length)];
        if (random.Next(5) == 0)
        {
            filter["ids"] = new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => (JsonNode)(string)Any()["id"]!)]);
        }

        if (random.Next(3) == 0)
        {
            filter["authors"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (JsonNode)(string)Any()["pubkey"]!)]);
        }

        if (random.Next(2) == 0)
        {
            filter["kinds"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (JsonNode)(int)Any()["kind"]!)]);
        }

        if (random.Next(3) == 0)
        {
            JsonNode? tag = Any()["tags"]!.AsArray().FirstOrDefault(t => t!.AsArray() is { Count: > 1 } a && (string)a[0]! is [(>= 'a' and <= 'z') or (>= 'A' and <= 'Z')]);
            if (tag is not null)
            {
                filter[$"#{(string)tag[0]!}"] = new JsonArray((string)tag[1]!, "nothing");
            }
        }

        if (random.Next(4) == 0)
        {
            filter["since"] = (long)Any()["created_at"]!;
        }

        if (random.Next(4) == 0)
        {
            filter["until"] = random.Next(5) == 0 ? long.MaxValue : (long)Any()["created_at"]!;
        }

        if (random.Next(2) == 0)
        {
            filter["limit"] = random.Next(40);
        }

        return filter;
    }

    private static bool Matches(JsonObject filter, JsonObject @event)
    {
        foreach ((string name, JsonNode? value) in filter)
        {
            bool matches = name switch
            {
                "ids" => value!.AsArray().Any(v => (string)v! == (string)@event["id"]!),
                "authors" => value!.AsArray().Any(v => (string)v! == (string)@event["pubkey"]!),
                "kinds" => value!.AsArray().Any(v => (int)v! == (int)@event["kind"]!),
                "since" => (long)@event["created_at"]! >= (long)value!,
                "until" => (long)@event["created_at"]! <= (long)value!,
                "limit" => true,
                _ => @event["tags"]!.AsArray().Any(t => t!.AsArray().Count > 1 && (string)t[0]! == name[1..]
                    && value!.AsArray().Any(v => (string)v! == (string)t[1]!)),
            };
            if (!matches)
            {
                return false;
            }
        }

        return true;
    }
}
