using System.Text.Json.Nodes;
using Mortise.Nostr;
using Mortise.TestSupport;
using Xunit.Abstractions;

namespace Mortise.Relay.Tests;

/// <summary>Whatever an event looks like, it goes through the relay unchanged or is refused with a reason, and the relay goes
/// on: events are a stranger's.</summary>
public sealed class ExtremeEventTests(ITestOutputHelper output)
{
    private static readonly string[] s_reasons = ["invalid:", "restricted:", "blocked:"];

    /// <summary>With room for all of them: what is published comes live, and later as stored, the same JSON value.</summary>
    [Fact]
    public async Task Whatever_is_accepted_comes_live_and_later_as_it_was_sent()
    {
        Random random = TestSeed.Random(output);
        await using TestRelay relay = await TestRelay.StartAsync(Roomy(), Keeping(), verifier: new Trusting());
        await using TestClient reader = await relay.ConnectAsync();
        await using TestClient writer = await relay.ConnectAsync();
        await reader.SendAsync("[\"REQ\",\"live\",{\"limit\":0}]");
        await reader.ReceiveAsync("EOSE");
        var sent = new HashSet<string>();

        // There is always a bound for times that are still to come, and the client takes a mebibyte.
        foreach (NostrEvent one in new ExtremeEvents(random).Make(120 * TestSeed.Soak, Authors.Now)
            .Where(e => e.CreatedAt <= uint.MaxValue && e.ToJson().Length < 900_000 && sent.Add(e.Id)))
        {
            Assert.Equal((true, ""), await writer.PublishAsync(one));
            JsonNode expected = JsonNode.Parse(one.ToJson())!;
            JsonArray live = await reader.ReceiveAsync("EVENT");
            Assert.True(JsonNode.DeepEquals(expected, live[2]), $"live, {one.Id} of kind {one.Kind}");

            await writer.SendAsync($"[\"REQ\",\"one\",{{\"ids\":[\"{one.Id}\"]}}]");
            JsonArray stored = await writer.ReceiveAsync("EVENT");
            Assert.True(JsonNode.DeepEquals(expected, stored[2]), $"stored, {one.Id} of kind {one.Kind}");
            await writer.ReceiveAsync("EOSE");
        }
    }

    /// <summary>As it comes: what is too much is refused with a reason, and nothing else happens.</summary>
    [Fact]
    public async Task With_the_usual_limits_each_is_taken_or_refused_with_a_reason()
    {
        Random random = TestSeed.Random(output);
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.GuardGiftWraps = false), Keeping(), verifier: new Trusting());
        await using TestClient client = await relay.ConnectAsync();
        var stored = new HashSet<string>();
        int refused = 0;
        long most = new LimitOptions().MaxMessageBytes.Bytes - 100;
        foreach (NostrEvent one in new ExtremeEvents(random).Make(150 * TestSeed.Soak, Authors.Now))
        {
            if (System.Text.Encoding.UTF8.GetByteCount(one.ToJson()) > most)
            {
                continue;
            }

            (bool accepted, string text) = await client.PublishAsync(one);
            Assert.True(accepted || Array.Exists(s_reasons, text.StartsWith), $"{one.Id}: {text}");
            refused += accepted ? 0 : 1;
            if (accepted)
            {
                stored.Add(one.Id);
            }
        }

        Assert.NotEmpty(stored);
        Assert.True(refused > 0, "none was too much for the limits");
        Assert.Equal(stored.Count, await client.CountAsync("{}"));
    }

    private static RelayOptions Roomy() => TestRelay.Fast(o =>
    {
        o.GuardGiftWraps = false;
        o.Limits.MaxMessageBytes = ByteSize.MiB(8);
        o.Limits.MaxEventBytes = ByteSize.MiB(4);
        o.Limits.MaxContentLength = 4 << 20;
        o.Limits.MaxEventTags = 100_000;
        o.Limits.MaxTagValueBytes = ByteSize.MiB(1);
        o.Limits.MaxOutgoingBytes = ByteSize.MiB(32);
        o.Admission.MaxFuture = TimeSpan.MaxValue;
    });

    private static EventPolicyOptions Keeping() => new()
    {
        Superseded = SupersededVersions.KeepAll,
        HonourDeletions = false,
        HonourExpiration = false,
        HonourProtection = false,
        HonourVanish = false,
    };

    private sealed class Trusting : IEventVerifier
    {
        public string Name => "none";

        public VerifyResult Verify(EventView view) => VerifyResult.Ok;
    }
}
