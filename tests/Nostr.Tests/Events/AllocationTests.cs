using System.Buffers;

namespace Mortise.Nostr.Tests.Events;

/// <summary>What runs per event on hot paths allocates nothing once its buffers are warm.</summary>
public sealed class AllocationTests
{
    // The pool may drop its arrays at a collection and rent a few again; per event nothing is left of that.
    private const long ToleratedBytes = 64 * 1024;

    private const int Rounds = 20;

    private static readonly NostrEvent[] s_samples = [.. SampleEvents.Generate(300, 21)];

    [Fact]
    public void Walking_tags_allocates_nothing() => AllocatesNothing(static made =>
    {
        long sum = 0;
        EventView view = made.View;
        foreach (TagView tag in view.Tags)
        {
            sum += tag.IsNamed((byte)'e') ? 1 : 0;
            foreach (TagValue value in tag)
            {
                sum += value.Bytes.Length + (value.EqualsUtf8("x"u8) ? 1 : 0);
            }
        }

        Assert.True(sum >= 0);
    });

    [Fact]
    public void Checking_a_hostile_record_allocates_nothing() =>
        AllocatesNothing(static made => Assert.True(EventView.TryOpen(made.Record.Span, out _)));

    [Fact]
    public void Computing_an_id_allocates_nothing() =>
        AllocatesNothing(static made => Assert.True(EventId.IsRight(made.View)));

    [Fact]
    public void Writing_json_allocates_nothing()
    {
        var output = new ArrayBufferWriter<byte>(1 << 20);
        AllocatesNothing(made =>
        {
            output.ResetWrittenCount();
            EventJson.Write(made.View, output);
        });
    }

    [NativeSchnorrFact]
    public void Verifying_natively_allocates_nothing()
    {
        var verifier = new EventVerifier(Schnorr.Native!);
        AllocatesNothing(made => Assert.True(verifier.Verify(made.View) == VerifyResult.Ok), rounds: 1);
    }

    [Fact]
    public void Refusing_a_line_allocates_nothing()
    {
        byte[][] lines =
        [
            .. s_samples.Select(static s => System.Text.Encoding.UTF8.GetBytes(
                s.ToJson().Replace("\"sig\":\"", "\"sig\":\"X", StringComparison.Ordinal))),
        ];
        int next = 0;
        AllocatesNothing(made => Assert.False(EventJson.TryParse(lines[next++ % lines.Length], out _, out _)));
    }

    private static void AllocatesNothing(Action<NostrEvent> action, int rounds = Rounds)
    {
        foreach (NostrEvent sample in s_samples)
        {
            action(sample);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < rounds; round++)
        {
            foreach (NostrEvent sample in s_samples)
            {
                action(sample);
            }
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= ToleratedBytes, $"{allocated} bytes for {rounds * s_samples.Length} events");
    }
}
