using System.Net;
using System.Text.Json.Nodes;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>What other NIPs ask of a relay, over the socket.</summary>
public sealed class NipTests
{
    [Fact]
    public async Task The_document_says_what_is_enforced_and_only_what_is_served()
    {
        RelayOptions options = TestRelay.Fast(o =>
        {
            o.Admission.MinPow = 1;
            o.CompletenessHint = true;
            o.Negentropy = false;
            o.Limits.MaxLimit = 7;
        });
        await using TestRelay relay = await TestRelay.StartAsync(
            options, new EventPolicyOptions { HonourVanish = false, HonourDeletions = false });
        JsonNode document = await DocumentAsync(relay);
        Assert.Equal([1, 11, 13, 40, 42, 45, 59, 67, 70], document["supported_nips"]!.AsArray().Select(n => (int)n!));
        Assert.Equal(7, (int)document["limitation"]!["max_limit"]!);
        Assert.Equal(7, (int)document["limitation"]!["default_limit"]!);
        Assert.Equal(1, (int)document["limitation"]!["min_pow_difficulty"]!);
        await using TestRelay plain = await TestRelay.StartAsync();
        Assert.Equal(
            [1, 9, 11, 40, 42, 45, 59, 62, 70, 77],
            (await DocumentAsync(plain))["supported_nips"]!.AsArray().Select(n => (int)n!));
    }

    [Fact]
    public async Task Every_answer_over_HTTP_allows_every_origin()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        foreach (string method in (string[])["GET", "HEAD", "OPTIONS", "PUT"])
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), relay.Http);
            using HttpResponseMessage response = await http.SendAsync(request);
            foreach (string header in (string[])
                ["Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"])
            {
                Assert.StartsWith("*", response.Headers.GetValues(header).Single(), StringComparison.Ordinal);
            }
        }

        // What a browser asks before a page may manage the relay: the star is not for this header.
        using var preflight = new HttpRequestMessage(HttpMethod.Options, relay.Http);
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization");
        using HttpResponseMessage allowed = await http.SendAsync(preflight);
        Assert.Equal("*, Authorization", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single());

        using HttpResponseMessage other = await http.GetAsync(new Uri(relay.Http, "/other"));
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task Protected_events_are_taken_from_their_authenticated_author_only()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent mine = Authors.Note(Authors.Alice, "mine", tags: [["-"]]);
        (bool accepted, string text) = await client.PublishAsync(mine);
        Assert.False(accepted);
        Assert.StartsWith("auth-required: ", text, StringComparison.Ordinal);
        Assert.True((await client.AuthenticateAsync(Authors.Bob, relay.Ws)).Accepted);
        Assert.False((await client.PublishAsync(mine)).Accepted);
        Assert.True((await client.AuthenticateAsync(Authors.Alice, relay.Ws)).Accepted);
        Assert.True((await client.PublishAsync(mine)).Accepted);
        NostrEvent bobs = Authors.Note(Authors.Bob, "bob's", tags: [["-"]]);
        Assert.True((await client.PublishAsync(bobs)).Accepted, "each authenticated key counts");
        NostrEvent repost = Authors.Note(Authors.Carol, mine.ToJson(), kind: 6, tags: [["e", mine.Id]]);
        Assert.False((await client.PublishAsync(repost)).Accepted);
    }

    [Fact]
    public async Task Only_whom_it_helps_is_asked_to_authenticate()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent bobs = Authors.Note(Authors.Bob, "bob's", tags: [["-"]]);
        NostrEvent repost = Authors.Note(Authors.Alice, bobs.ToJson(), kind: 6);
        Assert.StartsWith("auth-required: ", (await client.PublishAsync(bobs)).Text, StringComparison.Ordinal);
        Assert.StartsWith("restricted: ", (await client.PublishAsync(repost)).Text, StringComparison.Ordinal);
        Assert.True((await client.AuthenticateAsync(Authors.Alice, relay.Ws)).Accepted);
        Assert.StartsWith("restricted: ", (await client.PublishAsync(bobs)).Text, StringComparison.Ordinal);
        Assert.StartsWith("restricted: ", (await client.PublishAsync(repost)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind")]
    [InlineData("challenge")]
    [InlineData("relay")]
    [InlineData("past")]
    [InlineData("future")]
    public async Task Authentication_that_is_wrong_in_one_thing_is_refused(string wrong)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        (bool accepted, string text) = await client.AuthenticateAsync(
            Authors.Alice,
            wrong == "relay" ? new Uri("wss://other.example/") : relay.Ws,
            wrong == "challenge" ? "another" : null,
            wrong == "kind" ? 22_243 : 22_242,
            wrong == "past" ? -3_600 : wrong == "future" ? 3_600 : 0);
        Assert.False(accepted);
        Assert.StartsWith("invalid: ", text, StringComparison.Ordinal);
        Assert.False((await client.PublishAsync(Authors.Note(Authors.Alice, "mine", tags: [["-"]]))).Accepted);
    }

    [Fact]
    public async Task A_host_that_a_client_merely_claims_is_not_the_relays_name()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        var claimed = new RelayAddress([]);
        Assert.False(claimed.IsNamedBy("wss://evil.example/", "evil.example"));
        Assert.True(claimed.IsNamedBy("ws://localhost:7777", "localhost:7777"));
        var configured = new RelayAddress(["wss://relay.example/"]);
        Assert.True(configured.IsNamedBy("wss://relay.example", "127.0.0.1:7777"));
        Assert.True(configured.IsNamedBy("WSS://Relay.Example/", "127.0.0.1:7777"));
        Assert.False(configured.IsNamedBy("wss://relay.example.evil/", "relay.example"));
        Assert.False(configured.IsNamedBy("ws://127.0.0.1:7777", "127.0.0.1:7777"));
    }

    [Fact]
    public async Task Authentication_events_are_no_events_to_publish()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        Assert.False((await client.PublishAsync(Authors.Note(Authors.Alice, "", kind: 22_242))).Accepted);
    }

    [Fact]
    public async Task When_authentication_is_required_nothing_goes_without()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.AuthRequired = true));
        await using TestClient client = await relay.ConnectAsync();
        Assert.StartsWith(
            "auth-required: ",
            (await client.PublishAsync(Authors.Note(Authors.Alice, "x"))).Text,
            StringComparison.Ordinal);
        await client.SendAsync("[\"REQ\",\"r\",{}]");
        Assert.StartsWith("auth-required: ", (string)(await client.ReceiveAsync("CLOSED"))[2]!, StringComparison.Ordinal);
        await client.SendAsync("[\"COUNT\",\"c\",{}]");
        Assert.StartsWith("auth-required: ", (string)(await client.ReceiveAsync("CLOSED"))[2]!, StringComparison.Ordinal);
        await client.SendAsync("[\"NEG-OPEN\",\"n\",{},\"61\"]");
        Assert.StartsWith("auth-required: ", (string)(await client.ReceiveAsync("NEG-ERR"))[2]!, StringComparison.Ordinal);
        Assert.True((await client.AuthenticateAsync(Authors.Alice, relay.Ws)).Accepted);
        Assert.True((await client.PublishAsync(Authors.Note(Authors.Alice, "x"))).Accepted);
        Assert.Single(await client.QueryAsync("{}"));
        JsonNode limitation = (await DocumentAsync(relay))["limitation"]!;
        Assert.True((bool)limitation["auth_required"]!);
        Assert.True((bool)limitation["restricted_writes"]!);
    }

    [Fact]
    public async Task What_the_document_promises_is_taken()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        JsonNode limitation = (await DocumentAsync(relay))["limitation"]!;
        var content = new string('c', (int)limitation["max_content_length"]!);
        Assert.Equal((true, ""), await client.PublishAsync(Authors.Note(Authors.Alice, content)));
        Assert.False((await client.PublishAsync(Authors.Note(Authors.Alice, content + "c"))).Accepted);
        string[][] tags = [.. Enumerable.Repeat<string[]>(["t", "x"], (int)limitation["max_event_tags"]!)];
        Assert.Equal((true, ""), await client.PublishAsync(Authors.Note(Authors.Alice, "", tags: tags)));
        Assert.False((await client.PublishAsync(Authors.Note(Authors.Alice, "", tags: [.. tags, ["t", "x"]]))).Accepted);
    }

    [Fact]
    public async Task Gift_wraps_are_for_their_recipients_on_every_path()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient stranger = await relay.ConnectAsync();
        await using TestClient bob = await relay.ConnectAsync();
        await using TestClient writer = await relay.ConnectAsync();
        Assert.True((await bob.AuthenticateAsync(Authors.Bob, relay.Ws)).Accepted);
        NostrEvent note = Authors.Note(Authors.Carol, "note", age: 5);
        NostrEvent wrap = Authors.Note(Authors.Carol, "wrap", kind: 1059, tags: [["p", Authors.PublicKey(Authors.Bob)]]);
        Assert.True((await writer.PublishAsync(note)).Accepted);
        Assert.True((await writer.PublishAsync(wrap)).Accepted);

        // Stored: hidden, and not counted against the limit.
        Assert.Equal([note.Id], await stranger.QueryAsync("{\"limit\":1}"));
        Assert.Equal([wrap.Id], await bob.QueryAsync("{\"limit\":1}"));
        Assert.Equal([note.Id], await stranger.QueryAsync($"{{\"ids\":[\"{wrap.Id}\",\"{note.Id}\"]}}"));
        Assert.Equal(1, await stranger.CountAsync("{}"));
        Assert.Equal(2, await bob.CountAsync("{}"));
        Assert.Equal(1, await stranger.CountAsync("{\"kinds\":[1,1059]}", "{\"kinds\":[1059],\"limit\":3}"));
        await stranger.SendAsync("[\"REQ\",\"g\",{\"kinds\":[1059]}]");
        Assert.StartsWith("auth-required: ", (string)(await stranger.ReceiveAsync("CLOSED"))[2]!, StringComparison.Ordinal);

        await stranger.SendAsync("[\"NEG-OPEN\",\"g\",{\"kinds\":[1059]},\"6100000200\"]");
        Assert.StartsWith("auth-required: ", (string)(await stranger.ReceiveAsync("NEG-ERR"))[2]!, StringComparison.Ordinal);

        // Live, stored and ephemeral kinds.
        foreach (TestClient client in (TestClient[])[stranger, bob])
        {
            await client.SendAsync("[\"REQ\",\"live\",{\"limit\":0}]");
            await client.ReceiveAsync("EOSE");
        }

        foreach (int kind in (int[])[1059, 21_059])
        {
            NostrEvent more = Authors.Note(Authors.Carol, $"{kind}", kind: kind, tags: [["p", Authors.PublicKey(Authors.Bob)]]);
            await writer.PublishAsync(more);
            Assert.Equal(more.Id, (string?)(await bob.ReceiveAsync("EVENT"))[2]!["id"]);
        }

        await stranger.ExpectSilenceAsync();
        Assert.Equal(0, await writer.CountAsync("{\"kinds\":[21059,1]}") - 1);

        // Sets.
        Assert.Equal(1, await NegentropyCountAsync(stranger));
        Assert.Equal(3, await NegentropyCountAsync(bob));
    }

    [Fact]
    public async Task Deletions_expirations_and_requests_to_vanish_take_effect_through_the_socket()
    {
        await using TestRelay relay = await TestRelay.StartAsync(
            policy: new EventPolicyOptions { RelayUrls = ["wss://here.example"] });
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent note = Authors.Note(Authors.Alice, "note", age: 10);
        await client.PublishAsync(note);
        NostrEvent foreign = Authors.Note(Authors.Bob, "", kind: 5, tags: [["e", note.Id]]);
        Assert.True((await client.PublishAsync(foreign)).Accepted);
        Assert.Single(await client.QueryAsync("{\"kinds\":[1]}"));
        NostrEvent own = Authors.Note(Authors.Alice, "", age: 5, kind: 5, tags: [["e", note.Id]]);
        Assert.True((await client.PublishAsync(own)).Accepted);
        Assert.Empty(await client.QueryAsync("{\"kinds\":[1]}"));
        Assert.Contains(own.Id, await client.QueryAsync("{\"kinds\":[5]}"));
        Assert.StartsWith("blocked: ", (await client.PublishAsync(note)).Text, StringComparison.Ordinal);
        NostrEvent expired = Authors.Note(Authors.Alice, "", tags: [["expiration", "1000"]]);
        Assert.False((await client.PublishAsync(expired)).Accepted);
        NostrEvent elsewhere = Authors.Note(Authors.Alice, "", kind: 62, tags: [["relay", "wss://there.example"]]);
        await client.PublishAsync(elsewhere);
        Assert.Contains(own.Id, await client.QueryAsync("{\"kinds\":[5]}"));
        NostrEvent vanish = Authors.Note(Authors.Alice, "", kind: 62, tags: [["relay", "wss://here.example/"]]);
        Assert.True((await client.PublishAsync(vanish)).Accepted);
        Assert.DoesNotContain(own.Id, await client.QueryAsync("{}"));
    }

    [Fact]
    public async Task Work_is_asked_for_and_a_lower_commitment_does_not_count()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Admission.MinPow = 8));
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent lazy = Mine(0, 7, "8");
        Assert.StartsWith("pow: ", (await client.PublishAsync(lazy)).Text, StringComparison.Ordinal);
        Assert.True((await client.PublishAsync(Mine(8, 256, "8"))).Accepted);
        Assert.StartsWith("pow: ", (await client.PublishAsync(Mine(8, 256, "4"))).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"limit\":2}", "more")]
    [InlineData("{\"limit\":3}", "finish")]
    [InlineData("{\"limit\":9}", "finish")]
    [InlineData("{}", "finish")]
    [InlineData("{\"limit\":2},{\"limit\":1}", null)]
    [InlineData("{\"limit\":9},{\"limit\":8}", "finish")]
    public async Task The_end_of_stored_events_says_whether_there_is_more_when_that_is_switched_on(string filters, string? hint)
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.CompletenessHint = true));
        await using TestClient client = await relay.ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            await client.PublishAsync(Authors.Note(Authors.Alice, $"{i}", age: i));
        }

        await client.SendAsync($"[\"REQ\",\"h\",{filters}]");
        JsonArray end = await client.ReceiveAsync("EOSE");
        Assert.Equal(hint is null ? "[\"EOSE\",\"h\"]" : $"[\"EOSE\",\"h\",[\"{hint}\"]]", end.ToJsonString());
    }

    [Fact]
    public async Task Search_without_an_index_of_words_is_refused()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"s\",{\"search\":\"word\"}]");
        Assert.StartsWith("unsupported: ", (string)(await client.ReceiveAsync("CLOSED"))[2]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_finds_stored_and_live_events_where_the_stack_has_words()
    {
        await using TestRelay relay = await TestRelay.StartAsync(stack:
        [
            "projections.words.plugin=mortise.search.words", "projections.words.version=^1.0",
            "indexes.words.projection=words", "indexes.words.plugin=mortise.btree",
            "indexes.words.version=^1.0", "indexes.words.partition=all",
        ]);
        Assert.Contains(50, relay.Relay.SupportedNips);
        await using TestClient client = await relay.ConnectAsync();
        await using TestClient writer = await relay.ConnectAsync();
        NostrEvent found = Authors.Note(Authors.Alice, "purple ostriches run");
        await writer.PublishAsync(found);
        await writer.PublishAsync(Authors.Note(Authors.Alice, "green ostriches run"));
        Assert.Equal([found.Id], await client.QueryAsync("{\"search\":\"purple ostriches language:en\"}"));
        await client.SendAsync("[\"REQ\",\"s\",{\"search\":\"purple\"}]");
        await client.ReceiveAsync("EOSE");
        await writer.PublishAsync(Authors.Note(Authors.Bob, "green again"));
        NostrEvent live = Authors.Note(Authors.Bob, "purple again");
        await writer.PublishAsync(live);
        Assert.Equal(live.Id, (string?)(await client.ReceiveAsync("EVENT"))[2]!["id"]);
    }

    private static async Task<JsonNode> DocumentAsync(TestRelay relay)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("Accept", "application/nostr+json");
        return JsonNode.Parse(await http.GetStringAsync(relay.Http))!;
    }

    /// <summary>Asks with an empty set, which the relay answers with all of its ids.</summary>
    private static async Task<int> NegentropyCountAsync(TestClient client)
    {
        await client.SendAsync("[\"NEG-OPEN\",\"n\",{},\"6100000200\"]");
        byte[] answer = Convert.FromHexString((string)(await client.ReceiveAsync("NEG-MSG"))[2]!);
        await client.SendAsync("[\"NEG-CLOSE\",\"n\"]");
        Assert.Equal([0x61, 0, 0, 2], answer[..4]);
        Assert.Equal(5 + 32 * answer[4], answer.Length);
        return answer[4];
    }

    private static NostrEvent Mine(int least, int most, string commitment)
    {
        for (int nonce = 0; ; nonce++)
        {
            NostrEvent one = NostrEvent.CreateUnsigned(
                Convert.FromHexString(Authors.PublicKey(Authors.Alice)),
                Authors.Now,
                1,
                "work",
                ["nonce", $"{nonce}", commitment]);
            int bits = EventFacts.Difficulty(one.View.Id);
            if (bits >= least && bits <= most)
            {
                return NostrEvent.CreateSigned(
                    Authors.Alice, one.CreatedAt, 1, "work", ["nonce", $"{nonce}", commitment]);
            }
        }
    }
}
