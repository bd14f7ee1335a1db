using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>Each limit holds where it says: as much as is allowed passes, one more is refused, and says why.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Messages()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxMessageBytes = new ByteSize(4_096)));
        await using TestClient client = await relay.ConnectAsync();
        const string Request = "[\"COUNT\",\"c\",{\"limit\":0}";
        await client.SendAsync(Request + new string(' ', 4_096 - Request.Length - 1) + "]");
        Assert.Equal("COUNT", (string?)(await client.ReceiveAsync())[0]);
        await client.SendAsync(Request + new string(' ', 4_096 - Request.Length) + "]");
        Assert.StartsWith("invalid: ", (string)(await client.ReceiveAsync("NOTICE"))[1]!, StringComparison.Ordinal);
        Assert.Null(await client.TryReceiveAsync());
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
    }

    [Fact]
    public async Task Sizes_of_events()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Limits.MaxContentLength = 10;
            o.Limits.MaxEventTags = 3;
            o.Limits.MaxTagValueBytes = new ByteSize(20);
        }));
        await using TestClient client = await relay.ConnectAsync();
        string[] tag = ["t", "x"];
        Assert.True((await client.PublishAsync(Authors.Note(Authors.Alice, "ääääääääää", tags: [tag, tag, tag]))).Accepted);
        foreach (NostrEvent large in (NostrEvent[])
        [
            Authors.Note(Authors.Alice, "12345678901"),
            Authors.Note(Authors.Alice, "", tags: [tag, tag, tag, tag]),
            Authors.Note(Authors.Alice, "", tags: [["t", "x", new string('y', 21)]]),
        ])
        {
            (bool accepted, string text) = await client.PublishAsync(large);
            Assert.False(accepted);
            Assert.StartsWith("invalid: ", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("t", "x")]
    [InlineData("nostr", "x")]
    [InlineData("e", "0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task One_tag_as_often_as_tags_are_allowed(string name, string value)
    {
        // An event is a stranger's: of no event may the store fail, which would take the relay from everybody.
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.Limits.MaxEventBytes = ByteSize.KiB(200)));
        await using TestClient client = await relay.ConnectAsync();
        string[][] tags = [.. Enumerable.Repeat<string[]>([name, value], 1_000)];
        NostrEvent note = Authors.Note(Authors.Alice, "", tags: tags);
        Assert.Equal((true, ""), await client.PublishAsync(note));
        Assert.Equal([note.Id], await client.QueryAsync(name.Length == 1 ? $"{{\"#{name}\":[\"{value}\"]}}" : "{}"));
        Assert.True((await client.PublishAsync(Authors.Note(Authors.Bob, "after"))).Accepted);
    }

    [Fact]
    public async Task Times_of_events()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Admission.MaxAge = TimeSpan.FromHours(1);
            o.Admission.MaxFuture = TimeSpan.FromHours(1);
        }));
        await using TestClient client = await relay.ConnectAsync();
        foreach ((long age, bool passes) in ((long, bool)[])[(3_500, true), (3_700, false), (-3_500, true), (-3_700, false)])
        {
            Assert.Equal(passes, (await client.PublishAsync(Authors.Note(Authors.Alice, "x", age))).Accepted);
        }
    }

    [Fact]
    public async Task As_many_tags_as_are_taken_may_all_be_the_same()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"live\",{\"#t\":[\"x\"]}]");
        await client.ReceiveAsync("EOSE");
        string[] tag = ["t", "x"];
        NostrEvent repeats = Authors.Note(Authors.Alice, "", tags: [.. Enumerable.Repeat(tag, 2_000)]);
        await client.SendAsync($"[\"EVENT\",{repeats.ToJson()}]");
        JsonArray one = await client.ReceiveAsync();
        JsonArray other = await client.ReceiveAsync();
        JsonArray ok = (string?)one[0] == "OK" ? one : other;
        Assert.True((bool)ok[2]!, ok.ToJsonString());
        Assert.Equal("EVENT", (string?)(ok == one ? other : one)[0]);
        Assert.Equal([repeats.Id], await client.QueryAsync("{\"#t\":[\"x\"]}"));
        Assert.True((await client.PublishAsync(Authors.Note(Authors.Bob, "and the next"))).Accepted);
    }

    [Fact]
    public async Task A_burst_of_any_length_is_a_burst()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Rates = new RateOptions
        {
            BurstSeconds = 2_000_000_000,
        }));
        await using TestClient client = await relay.ConnectAsync();
        Assert.Equal(0, await client.CountAsync("{}"));
        Assert.True((await client.PublishAsync(Authors.Note(Authors.Alice, "x"))).Accepted);
    }

    [Fact]
    public async Task Subscriptions_of_a_connection()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxSubscriptions = 3));
        await using TestClient client = await relay.ConnectAsync();
        foreach (string id in (string[])["1", "2", "3", "3"])
        {
            await client.SendAsync($"[\"REQ\",\"{id}\",{{\"limit\":0}}]");
            Assert.Equal("EOSE", (string?)(await client.ReceiveAsync())[0]);
        }

        await client.SendAsync("[\"REQ\",\"4\",{}]");
        JsonArray closed = await client.ReceiveAsync();
        Assert.Equal(("CLOSED", "4"), ((string?)closed[0], (string?)closed[1]));
        Assert.StartsWith("restricted: ", (string)closed[2]!, StringComparison.Ordinal);
        await client.SendAsync("[\"CLOSE\",\"1\"]");
        await client.SendAsync("[\"REQ\",\"4\",{\"limit\":0}]");
        Assert.Equal("EOSE", (string?)(await client.ReceiveAsync())[0]);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(0, false)]
    public async Task Ids_of_subscriptions(int length, bool passes)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();

        // Each of these characters is four bytes, and two of .NET's.
        string id = string.Concat(Enumerable.Repeat("😀", length));
        await client.SendAsync($"[\"REQ\",\"{id}\",{{\"limit\":0}}]");
        Assert.Equal(passes ? "EOSE" : "CLOSED", (string?)(await client.ReceiveAsync())[0]);
    }

    [Fact]
    public async Task Filters_and_what_is_in_them()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Limits.MaxFilters = 2;
            o.Limits.MaxFilterValues = 5;
            o.Limits.MaxConnectionValues = 7;
            o.Limits.MaxFilterTags = 2;
        }));
        await using TestClient client = await relay.ConnectAsync();
        foreach ((string filters, bool passes) in ((string, bool)[])
        [
            ("{},{}", true), ("{},{},{}", false), ("{\"kinds\":[1,2,3,4,5]}", true), ("{\"kinds\":[1,2,3,4,5,6]}", false),
            ("{\"kinds\":[1,2,3]},{\"#t\":[\"a\",\"b\",\"c\"]}", false), ("{\"#a\":[\"1\"],\"#b\":[\"1\"]}", true),
            ("{\"#a\":[\"1\"],\"#b\":[\"1\"],\"#c\":[\"1\"]}", false),
        ])
        {
            foreach (string verb in (string[])["REQ", "COUNT"])
            {
                await client.SendAsync($"[\"{verb}\",\"f\",{filters}]");
                string? answer = (string?)(await client.ReceiveAsync())[0];
                Assert.True(passes == (answer != "CLOSED"), $"{verb} {filters}: {answer}");
                await client.SendAsync("[\"CLOSE\",\"f\"]");
            }
        }

        await client.SendAsync("[\"REQ\",\"1\",{\"kinds\":[1,2,3,4]}]");
        await client.ReceiveAsync("EOSE");
        await client.SendAsync("[\"REQ\",\"2\",{\"kinds\":[1,2,3,4]}]");
        Assert.Equal("CLOSED", (string?)(await client.ReceiveAsync())[0]);
        await client.SendAsync("[\"REQ\",\"2\",{\"kinds\":[1,2,3]}]");
        Assert.Equal("EOSE", (string?)(await client.ReceiveAsync())[0]);
    }

    [Fact]
    public async Task Stored_events_of_a_filter()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Limits.MaxLimit = 4;
            o.Limits.DefaultLimit = 3;
        }));
        await using TestClient client = await relay.ConnectAsync();
        for (int i = 0; i < 6; i++)
        {
            await client.PublishAsync(Authors.Note(Authors.Alice, $"{i}", age: i));
        }

        Assert.Equal(3, (await client.QueryAsync("{}")).Count);
        Assert.Equal(4, (await client.QueryAsync("{\"limit\":4}")).Count);
        Assert.Equal(4, (await client.QueryAsync("{\"limit\":99999999999999999999}")).Count);
        Assert.Equal(6, await client.CountAsync("{}"));
    }

    [Fact]
    public async Task Rates_of_events_and_of_requests()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
            o.Rates = new RateOptions
            {
                EventsPerConnection = 1,
                RequestsPerConnection = 1,
                BurstSeconds = 2,
                ConnectionsPerAddress = 0,
            }));
        await using TestClient client = await relay.ConnectAsync();
        int refused = 0;
        for (int i = 0; i < 20; i++)
        {
            (bool accepted, string text) = await client.PublishAsync(Authors.Note(Authors.Alice, $"{i}"));
            refused += accepted ? 0 : 1;
            Assert.True(accepted || text.StartsWith("rate-limited: ", StringComparison.Ordinal), text);
        }

        Assert.InRange(refused, 1, 18);
        refused = 0;
        for (int i = 0; i < 20; i++)
        {
            await client.SendAsync("[\"COUNT\",\"c\",{\"limit\":0}]");
            JsonArray answer = await client.ReceiveAsync();
            refused += (string?)answer[0] == "CLOSED" && ((string)answer[2]!).StartsWith("rate-limited: ", StringComparison.Ordinal)
                ? 1
                : 0;
        }

        Assert.InRange(refused, 1, 18);

        // Whoever authenticates waits for an OK (NIP-42).
        string denial;
        do
        {
            denial = (await client.AuthenticateAsync(Authors.Alice, relay.Ws)).Text;
        }
        while (denial.Length == 0);
        Assert.StartsWith("rate-limited: ", denial, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9")]
    [InlineData("127.0.0.1", "10.0.0.1", "10.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.9:4711", "203.0.113.9")]
    [InlineData("127.0.0.1", "[2001:db8::9]:4711", "2001:db8::9")]
    [InlineData("127.0.0.1", "2001:db8::9", "2001:db8::9")]
    [InlineData("127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "unknown", "127.0.0.1")]
    [InlineData("127.0.0.1", "", "127.0.0.1")]
    [InlineData("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("192.0.2.7", "203.0.113.9", "192.0.2.7")]
    [InlineData("192.0.2.7", "203.0.113.9, 127.0.0.1", "192.0.2.7")]
    public void Addresses_are_those_that_the_last_trusted_proxy_saw(string peer, string forwarded, string client)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        var options = new RelayOptions { TrustedProxies = ["127.0.0.1", "10.0.0.1"] };
        Assert.Equal(client, ClientAddress.Of(context, options).Address.ToString());
    }

    [Fact]
    public async Task Connections_of_an_address()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxConnectionsPerAddress = 2));
        TestClient first = await relay.ConnectAsync();
        await using TestClient second = await relay.ConnectAsync();
        await Assert.ThrowsAsync<WebSocketException>(relay.ConnectAsync);
        await first.DisposeAsync();
        await WaitUntilAsync(() => relay.Relay.ConnectionCount == 1);
        await using TestClient third = await relay.ConnectAsync();
    }

    [Fact]
    public async Task Messages_that_are_none()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxBadMessages = 3));
        await using TestClient client = await relay.ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync("no message");
        }

        JsonArray? answer;
        do
        {
            answer = await client.TryReceiveAsync();
            Assert.True(answer is null || (string?)answer[0] == "NOTICE");
        }
        while (answer is not null);
    }

    [Fact]
    public async Task Keys_of_a_connection()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxAuthenticatedKeys = 2));
        await using TestClient client = await relay.ConnectAsync();
        Assert.True((await client.AuthenticateAsync(Authors.Alice, relay.Ws)).Accepted);
        Assert.True((await client.AuthenticateAsync(Authors.Bob, relay.Ws)).Accepted);
        Assert.False((await client.AuthenticateAsync(Authors.Carol, relay.Ws)).Accepted);
        Assert.True((await client.AuthenticateAsync(Authors.Alice, relay.Ws)).Accepted);
    }

    [Fact]
    public async Task A_reader_that_never_reads_is_dropped_alone()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxOutgoingBytes = ByteSize.KiB(64)));
        await using TestClient deaf = await relay.ConnectAsync();
        await using TestClient reader = await relay.ConnectAsync();
        await using TestClient writer = await relay.ConnectAsync();
        await deaf.SendAsync("[\"REQ\",\"d\",{}]");
        await reader.SendAsync("[\"REQ\",\"r\",{}]");
        await reader.ReceiveAsync("EOSE");
        await WaitUntilAsync(() => relay.Relay.Live.Count == 2);
        string large = new('x', 30_000);
        int sent = 0;
        while (relay.Relay.ConnectionCount == 3)
        {
            Assert.True(sent < 3_000, "a reader that takes nothing is still there");
            NostrEvent one = Authors.Note(Authors.Alice, $"{sent++} {large}");
            await writer.PublishAsync(one);
            Assert.Equal(one.Id, (string?)(await reader.ReceiveAsync("EVENT"))[2]!["id"]);
        }

        await writer.PublishAsync(Authors.Note(Authors.Alice, "after"));
        await reader.ReceiveAsync("EVENT");
        await WaitUntilAsync(() => relay.Relay.Outgoing.Bytes == 0);
    }

    [Fact]
    public async Task What_was_answered_was_dispatched_and_nothing_is_left_open()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            await using TestClient client = await relay.ConnectAsync();
            await client.SendAsync("[\"REQ\",\"s\",{}]");
            await client.ReceiveAsync("EOSE");
            await client.SendAsync("[\"NEG-OPEN\",\"n\",{},\"61\"]");
            await client.ReceiveAsync("NEG-MSG");
        }

        await WaitUntilAsync(() => relay.Relay.ConnectionCount == 0 && relay.Relay.Live.Count == 0);
        Assert.Equal(0, relay.Relay.Outgoing.Bytes);
        Assert.Equal(0, relay.Relay.Connections.Addresses);
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        for (int i = 0; i < 2_000 && !holds(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(holds());
    }
}
