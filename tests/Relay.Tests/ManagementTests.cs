using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>NIP-86.</summary>
public sealed class ManagementTests
{
    [Fact]
    public async Task What_managers_decide_is_in_force_at_once_and_after_a_restart()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mortise-managed-");
        RelayOptions options = TestRelay.Fast(o =>
        {
            o.Management.Admins = [Authors.PublicKey(Authors.Alice)];
            o.Management.File = Path.Combine(folder.FullName, "managed.json");
        });
        NostrEvent banned = Authors.Note(Authors.Carol, "banned");
        await using (TestRelay relay = await TestRelay.StartAsync(options))
        {
            Assert.Contains(86, relay.Relay.SupportedNips);
            await using TestClient client = await relay.ConnectAsync();
            Assert.True((await client.PublishAsync(banned)).Accepted);
            JsonNode methods = await CallAsync(relay, "supportedmethods");
            Assert.Contains("banpubkey", methods["result"]!.AsArray().Select(m => (string)m!));
            Assert.True((bool)(await CallAsync(relay, "banpubkey", Authors.PublicKey(Authors.Bob), "spam"))["result"]!);
            Assert.True((bool)(await CallAsync(relay, "banevent", banned.Id))["result"]!);
            Assert.True((bool)(await CallAsync(relay, "changerelayname", "renamed"))["result"]!);
            await IsCalledEverywhereAsync(relay, "renamed");
            Assert.StartsWith(
                "blocked: ",
                (await client.PublishAsync(Authors.Note(Authors.Bob, "x"))).Text,
                StringComparison.Ordinal);
            Assert.Empty(await client.QueryAsync("{}"));
            Assert.False((await client.PublishAsync(banned)).Accepted);
            Assert.NotNull((await CallAsync(relay, "banpubkey", "nobody"))["error"]);
            Assert.NotNull((await CallAsync(relay, "nothing"))["error"]);
        }

        await using (TestRelay again = await TestRelay.StartAsync(options))
        {
            JsonNode list = await CallAsync(again, "listbannedpubkeys");
            Assert.Equal(Authors.PublicKey(Authors.Bob), (string?)list["result"]![0]!["pubkey"]);
            Assert.Equal("spam", (string?)list["result"]![0]!["reason"]);
            await CallAsync(again, "unbanpubkey", Authors.PublicKey(Authors.Bob));
            await using TestClient client = await again.ConnectAsync();
            Assert.True((await client.PublishAsync(Authors.Note(Authors.Bob, "x"))).Accepted);
            await CallAsync(again, "allowkind", 7);
            Assert.False((await client.PublishAsync(Authors.Note(Authors.Bob, "y"))).Accepted);
            await CallAsync(again, "blockip", "127.0.0.1");
            Assert.Null(await client.TryReceiveAsync());
            await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(again.ConnectAsync);
        }

        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"method\":1}")]
    [InlineData("{\"method\":\"supportedmethods\",\"method\":\"supportedmethods\"}")]
    [InlineData("{\"method\":\"\\ud800\"}")]
    [InlineData("{\"\\ud800\":1,\"\\ud800\":2}")]
    [InlineData("{\"method\":\"changerelayname\",\"params\":[\"\\ud800\"]}")]
    [InlineData("{\"method\":\"changerelayname\",\"params\":[]}")]
    [InlineData("{\"method\":\"changerelayname\",\"params\":{}}")]
    [InlineData("{\"method\":\"allowkind\",\"params\":[65536]}")]
    public async Task What_is_no_call_is_answered_with_an_error(string body)
    {
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.Management.Admins = [Authors.PublicKey(Authors.Alice)]));
        using HttpResponseMessage response = await SendAsync(relay, "", Encoding.UTF8.GetBytes(body));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotNull(JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]);
    }

    [Fact]
    public async Task An_address_is_blocked_however_it_is_written()
    {
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.Management.Admins = [Authors.PublicKey(Authors.Alice)]));
        await CallAsync(relay, "blockip", "::ffff:127.0.0.1");
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(relay.ConnectAsync);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("another key")]
    [InlineData("another address")]
    [InlineData("another method")]
    [InlineData("another body")]
    [InlineData("another time")]
    [InlineData("another kind")]
    public async Task A_proof_that_is_wrong_in_one_thing_is_none(string wrong)
    {
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.Management.Admins = [Authors.PublicKey(Authors.Alice)]));
        using HttpResponseMessage response = await SendAsync(relay, wrong, "banpubkey", Authors.PublicKey(Authors.Bob));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(relay.Relay.Managed.State.BannedKeys);
    }

    [Fact]
    public async Task Without_a_manager_there_is_no_management()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using HttpResponseMessage response = await SendAsync(relay, "", "supportedmethods");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    private static async Task IsCalledEverywhereAsync(TestRelay relay, string name)
    {
        using var client = new HttpClient { BaseAddress = relay.Http };
        Assert.StartsWith($"{name}:", await client.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Equal(name, (string?)JsonNode.Parse(await client.GetStringAsync("/dashboard/status"))!["name"]);
        client.DefaultRequestHeaders.Add("Accept", "application/nostr+json");
        Assert.Equal(name, (string?)JsonNode.Parse(await client.GetStringAsync("/"))!["name"]);
    }

    private static async Task<JsonNode> CallAsync(TestRelay relay, string method, params JsonNode[] parameters)
    {
        using HttpResponseMessage response = await SendAsync(relay, "", method, parameters);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }

    private static Task<HttpResponseMessage> SendAsync(
        TestRelay relay, string wrong, string method, params JsonNode[] parameters) =>
        SendAsync(relay, wrong, Encoding.UTF8.GetBytes(
            new JsonObject { ["method"] = method, ["params"] = new JsonArray(parameters) }.ToJsonString()));

    private static async Task<HttpResponseMessage> SendAsync(TestRelay relay, string wrong, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, relay.Http) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/nostr+json+rpc");
        NostrEvent proof = NostrEvent.CreateSigned(
            wrong == "another key" ? Authors.Bob : Authors.Alice,
            Authors.Now - (wrong == "another time" ? 600 : 0),
            wrong == "another kind" ? 27_236 : 27_235,
            "",
            ["u", wrong == "another address" ? "https://other.example/" : relay.Http.ToString()],
            ["method", wrong == "another method" ? "GET" : "POST"],
            ["payload", Convert.ToHexStringLower(SHA256.HashData(wrong == "another body" ? [1] : body))]);
        if (wrong != "nothing")
        {
            request.Headers.TryAddWithoutValidation(
                "Authorization", "Nostr " + Convert.ToBase64String(Encoding.UTF8.GetBytes(proof.ToJson())));
        }

        using var http = new HttpClient();
        return await http.SendAsync(request);
    }
}
