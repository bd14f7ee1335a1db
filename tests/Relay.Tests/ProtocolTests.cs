using System.Text.Json.Nodes;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>NIP-01 over the socket.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public async Task What_is_published_is_acknowledged_stored_and_sent_to_who_subscribed()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient reader = await relay.ConnectAsync();
        await using TestClient writer = await relay.ConnectAsync();
        NostrEvent before = Authors.Note(Authors.Alice, "before \u2028 <&>'+ \u007F \b\f \"\\");
        Assert.Equal((true, ""), await writer.PublishAsync(before));
        await reader.SendAsync("[\"REQ\",\"s \\u0022x\",{\"kinds\":[1]}]");
        JsonArray stored = await reader.ReceiveAsync();
        Assert.Equal("s \"x", (string?)stored[1]);
        Assert.Equal(before.ToJson(), Relayed(stored));
        Assert.Equal("[\"EOSE\",\"s \\u0022x\"]", (await reader.ReceiveAsync()).ToJsonString());
        NostrEvent after = Authors.Note(Authors.Bob, "after");
        Assert.Equal((true, ""), await writer.PublishAsync(after));
        JsonArray live = await reader.ReceiveAsync();
        Assert.Equal(after.ToJson(), Relayed(live));
        Assert.True((await writer.PublishAsync(after)).Accepted);
        await reader.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_closed_subscription_is_silent_and_one_with_the_same_id_replaces_it()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"a\",{\"kinds\":[1]}]");
        await client.ReceiveAsync("EOSE");
        await client.SendAsync("[\"REQ\",\"a\",{\"kinds\":[2]}]");
        await client.ReceiveAsync("EOSE");
        await client.SendAsync("[\"REQ\",\"b\",{\"kinds\":[1]}]");
        await client.ReceiveAsync("EOSE");
        await client.SendAsync("[\"CLOSE\",\"b\"]");
        Assert.True((await client.PublishAsync(Authors.Note(Authors.Alice, "of kind 1"))).Accepted);
        await client.ExpectSilenceAsync();
        await using TestClient other = await relay.ConnectAsync();
        await other.PublishAsync(Authors.Note(Authors.Alice, "of kind 2", kind: 2));
        Assert.Equal("a", (string?)(await client.ReceiveAsync("EVENT"))[1]);
        await client.ExpectSilenceAsync();
        Assert.Equal(1, relay.Relay.Live.Count);
    }

    [Fact]
    public async Task Limits_cut_stored_events_and_not_live_ones()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent[] notes = [.. Enumerable.Range(0, 5).Select(i => Authors.Note(Authors.Alice, $"{i}", age: 100 - i))];
        foreach (NostrEvent note in notes)
        {
            await client.PublishAsync(note);
        }

        Assert.Equal([notes[4].Id, notes[3].Id], await client.QueryAsync("{\"limit\":2}"));
        await client.SendAsync("[\"REQ\",\"none\",{\"limit\":0}]");
        Assert.Equal("EOSE", (string?)(await client.ReceiveAsync())[0]);
        NostrEvent[] more = [Authors.Note(Authors.Bob, "1"), Authors.Note(Authors.Bob, "2")];
        foreach (NostrEvent note in more)
        {
            await client.SendAsync($"[\"EVENT\",{note.ToJson()}]");
            Assert.Equal(note.ToJson(), Relayed(await client.ReceiveAsync("EVENT")));
        }
    }

    [Fact]
    public async Task Ephemeral_events_are_sent_and_not_kept()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"e\",{\"kinds\":[20001]}]");
        await client.ReceiveAsync("EOSE");
        NostrEvent ephemeral = Authors.Note(Authors.Alice, "gone", kind: 20_001);
        await using TestClient writer = await relay.ConnectAsync();
        Assert.Equal((true, ""), await writer.PublishAsync(ephemeral));
        Assert.Equal(ephemeral.ToJson(), Relayed(await client.ReceiveAsync("EVENT")));
        Assert.Equal(0, await client.CountAsync("{\"kinds\":[20001]}"));
    }

    [Theory]
    [InlineData("[\"REQ\",\"x\"]", "[\"CLOSED\",\"x\",\"invalid: a filter is missing\"]")]
    [InlineData("[\"COUNT\",\"x\"]", "[\"CLOSED\",\"x\",\"invalid: a filter is missing\"]")]
    [InlineData("[\"NEG-OPEN\",\"x\"]", "[\"NEG-ERR\",\"x\",\"invalid: expected one filter and one message\"]")]
    [InlineData("[\"NEG-OPEN\",\"x\",{}]", "[\"NEG-ERR\",\"x\",\"invalid: expected one filter and one message\"]")]
    [InlineData("[\"NEG-MSG\",\"x\"]", "[\"NEG-ERR\",\"x\",\"closed: there is no such session\"]")]
    public async Task A_request_with_an_id_is_refused_with_that_id(string request, string answer)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync(request);
        Assert.Equal(answer, (await client.ReceiveAsync()).ToJsonString());
    }

    [Fact]
    public async Task Ids_in_upper_case_are_none_and_are_answered_as_they_came()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent good = Authors.Note(Authors.Alice, "good");
        await client.SendAsync($"[\"EVENT\",{good.ToJson().Replace(good.Id, good.Id.ToUpperInvariant(), StringComparison.Ordinal)}]");
        JsonArray ok = await client.ReceiveAsync("OK");
        Assert.Equal(good.Id.ToUpperInvariant(), (string?)ok[1]);
        Assert.False((bool)ok[2]!);
    }

    [Fact]
    public async Task Forged_events_are_refused_with_their_id()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent good = Authors.Note(Authors.Alice, "good");
        string other = good.ToJson().Replace("\"good\"", "\"evil\"", StringComparison.Ordinal);
        await client.SendAsync($"[\"EVENT\",{other}]");
        JsonArray ok = await client.ReceiveAsync("OK");
        Assert.Equal(good.Id, (string?)ok[1]);
        Assert.False((bool)ok[2]!);
        Assert.StartsWith("invalid: ", (string)ok[3]!, StringComparison.Ordinal);
        string sig = good.ToJson().Replace(good.Sig, new string('0', 128), StringComparison.Ordinal);
        await client.SendAsync($"[\"EVENT\",{sig}]");
        Assert.False((bool)(await client.ReceiveAsync("OK"))[2]!);
        Assert.Equal(0, await client.CountAsync("{}"));
    }

    [Fact]
    public async Task Every_event_comes_once_however_the_writes_fall_around_the_end_of_stored()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        NostrEvent[] notes = [.. Enumerable.Range(0, 300).Select(i => Authors.Note(Authors.Alice, $"{i}", age: i / 3))];
        Task writing = Task.Run(async () =>
        {
            foreach (NostrEvent note in notes)
            {
                await relay.Store.PutAsync(note);
            }
        });
        var readers = new List<Task<List<string>>>();
        while (!writing.IsCompleted)
        {
            readers.Add(ReadAsync(relay, notes.Length));
            await Task.Yield();
            if (readers.Count > 60)
            {
                break;
            }
        }

        await writing;
        string[] expected = [.. notes.Select(n => n.Id).Order(StringComparer.Ordinal)];
        foreach (Task<List<string>> reader in readers)
        {
            Assert.Equal(expected, (await reader).Order(StringComparer.Ordinal));
        }
    }

    private static async Task<List<string>> ReadAsync(TestRelay relay, int count)
    {
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"all\",{\"kinds\":[1],\"limit\":1000}]");
        var ids = new List<string>();
        while (ids.Count < count)
        {
            JsonArray message = await client.ReceiveAsync();
            if ((string?)message[0] == "EVENT")
            {
                ids.Add((string)message[2]!["id"]!);
            }
        }

        return ids;
    }

    /// <summary>The event in a message, in the bytes of the wire but for how this parser writes them.</summary>
    private static string Relayed(JsonArray message)
    {
        byte[] json = System.Text.Encoding.UTF8.GetBytes(message[2]!.ToJsonString());
        Assert.True(EventJson.TryParse(json, out NostrEvent? parsed, out EventProblem problem), $"{problem}");
        Assert.Equal(VerifyResult.Ok, EventVerifier.Default.Verify(parsed!.View));
        return parsed.ToJson();
    }
}
