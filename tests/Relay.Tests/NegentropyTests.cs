using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Mortise.Relay.Tests;

/// <summary>Reconciliation against a plain client of the protocol, for random sets.</summary>
public sealed class NegentropyTests(ITestOutputHelper output)
{
    [Fact]
    public void Two_sets_learn_their_difference_whatever_they_are()
    {
        Random random = TestSeed.Random(output);
        for (int run = 0; run < 60 * TestSeed.Soak; run++)
        {
            int common = random.Next(3) == 0 ? 0 : random.Next(1_000);
            NegentropyItem[] both = Items(random, common);
            NegentropyItem[] onlyServer = Items(random, random.Next(random.Next(2) == 0 ? 5 : 400));
            NegentropyItem[] onlyClient = Items(random, random.Next(random.Next(2) == 0 ? 5 : 400));
            LearnTheirDifference(both, onlyServer, onlyClient, 4_096 + random.Next(8_000));
        }
    }

    /// <summary>Times at their bounds, or all the same one, and ids that begin alike.</summary>
    [Fact]
    public void So_do_sets_that_are_hard_to_tell_apart()
    {
        Random random = TestSeed.Random(output);
        ulong[] extremes = [0, 1, 2, (ulong)long.MaxValue - 1, (ulong)long.MaxValue];
        for (int run = 0; run < 60 * TestSeed.Soak; run++)
        {
            bool isOneTime = random.Next(2) == 0;
            ulong time = extremes[random.Next(extremes.Length)];
            byte[] stem = new byte[32];
            stem.AsSpan().Fill((byte)(random.Next(2) * 255));
            NegentropyItem[] Hard(int count)
            {
                var items = new NegentropyItem[count];
                for (int i = 0; i < count; i++)
                {
                    // Fingerprints are sums of ids, so ids that are numbers in a row would have equal ones.
                    byte[] id = [.. stem];
                    random.NextBytes(id.AsSpan(24));
                    items[i] = new NegentropyItem(
                        isOneTime ? time : extremes[random.Next(extremes.Length)], PublicKey.Read(id));
                }

                return items;
            }

            NegentropyItem[] both = Hard(random.Next(1_000));
            NegentropyItem[] onlyServer = Hard(random.Next(400));
            NegentropyItem[] onlyClient = Hard(random.Next(400));
            LearnTheirDifference(both, onlyServer, onlyClient, 4_096 + random.Next(8_000));
        }
    }

    [Fact]
    public void Random_bytes_are_refused_or_answered_and_never_run_away()
    {
        Random random = TestSeed.Random(output);
        var server = new NegentropySession(Items(random, 500), 4_096);
        for (int run = 0; run < 20_000 * TestSeed.Soak; run++)
        {
            byte[] message = new byte[1 + random.Next(60)];
            random.NextBytes(message);
            message[0] = random.Next(20) == 0 ? message[0] : (byte)0x61;
            for (int i = 1; i < message.Length; i++)
            {
                message[i] = random.Next(3) == 0 ? (byte)random.Next(4) : message[i];
            }

            try
            {
                Assert.InRange(server.Reconcile(message).Length, 1, 4_096);
            }
            catch (FormatException)
            {
                // A refusal.
            }
        }
    }

    [Theory]
    [InlineData("60", "61")]
    [InlineData("62", "61")]
    [InlineData("61", "61")]
    public void Other_versions_are_told_ours(string message, string answer) =>
        Assert.Equal(
            answer,
            Convert.ToHexStringLower(new NegentropySession([], 4_096).Reconcile(Convert.FromHexString(message))));

    [Fact]
    public void Sessions_of_one_address_leave_others_room_for_theirs()
    {
        const int Session = 250_000;
        var budget = new NegentropyBudget(Session);
        int held = 0;
        while (budget.TryReserve("one", Session))
        {
            held++;
        }

        Assert.True(budget.TryReserve("another", Session));
        Assert.Equal((held + 1) * Session, budget.Items);
        budget.Release("one", Session);
        Assert.True(budget.TryReserve("one", Session));
        Assert.True(new NegentropyBudget(maxSession: 1_999_999).TryReserve("one", 1_999_999));
        Assert.False(new NegentropyBudget(maxSession: int.MaxValue).TryReserve("one", 2_000_001));
    }

    [Fact]
    public void The_empty_set_has_the_fingerprint_of_the_specification()
    {
        // One range over everything with the fingerprint of nothing: SHA-256 of 32 zeros and a count of 0.
        byte[] sum = new byte[33];
        byte[] expected = System.Security.Cryptography.SHA256.HashData(sum)[..16];
        byte[] message = [0x61, 0, 0, 1, .. expected];
        Assert.Equal([0x61], new NegentropySession([], 4_096).Reconcile(message));
    }

    [Theory]
    [InlineData("[\"NEG-OPEN\",\"n\",{\"kinds\":[2]},\"6100000200\"]")]
    [InlineData("[\"NEG-CLOSE\",\"n\"]")]
    public async Task A_session_that_is_closed_before_it_was_answered_says_nothing_and_holds_nothing(string closing)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        for (int i = 0; i < 5; i++)
        {
            await client.PublishAsync(Authors.Note(Authors.Alice, $"{i}"));
        }

        // While the turns are ours, queries wait, in the order in which they came.
        int turns = Math.Max(2, Environment.ProcessorCount);
        for (int i = 0; i < turns; i++)
        {
            await relay.Relay.QueryTurns.WaitAsync("us", default);
        }

        await client.SendAsync("[\"NEG-OPEN\",\"n\",{\"kinds\":[1]},\"6100000200\"]");
        await client.SendAsync(closing);
        await client.SendAsync("[\"NEG-OPEN\",\"last\",{\"kinds\":[2]},\"6100000200\"]");
        await client.SendAsync("[\"NEG-MSG\",\"none\",\"61\"]");
        Assert.Equal("NEG-ERR", (string?)(await client.ReceiveAsync())[0]);
        for (int i = 0; i < turns; i++)
        {
            relay.Relay.QueryTurns.Release();
        }

        JsonArray answer;
        do
        {
            answer = await client.ReceiveAsync("NEG-MSG");
            Assert.Equal("6100000200", (string?)answer[2]);
        }
        while ((string?)answer[1] != "last");
        await client.SendAsync("[\"NEG-CLOSE\",\"n\"]");
        await client.SendAsync("[\"NEG-CLOSE\",\"last\"]");
        await client.ExpectSilenceAsync();
        Assert.Equal(0, relay.Relay.Negentropy.Items);
    }

    private static void LearnTheirDifference(
        NegentropyItem[] both, NegentropyItem[] onlyServer, NegentropyItem[] onlyClient, int maxBytes)
    {
        var server = new NegentropySession([.. both, .. onlyServer], maxBytes);
        var client = new PlainNegentropy([.. both, .. onlyClient]);
        int rounds = 0;
        for (byte[]? message = client.First(); message is not null; message = client.Next(server.Reconcile(message)))
        {
            Assert.True(++rounds < 200, "does not end");
        }

        Assert.Equal(onlyServer.Select(i => i.Id.ToString()).Order(), client.Need.Order());
        Assert.Equal(onlyClient.Select(i => i.Id.ToString()).Order(), client.Have.Order());
    }

    private static NegentropyItem[] Items(Random random, int count)
    {
        var items = new NegentropyItem[count];
        byte[] id = new byte[32];
        for (int i = 0; i < count; i++)
        {
            random.NextBytes(id);
            items[i] = new NegentropyItem((ulong)(1_700_000_000 + random.Next(300)), PublicKey.Read(id));
        }

        return items;
    }
}
