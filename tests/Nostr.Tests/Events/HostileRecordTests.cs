using System.Buffers;

namespace Mortise.Nostr.Tests.Events;

public sealed class HostileRecordTests
{
    private const int Mutations = 100_000;

    [Fact]
    public void Mutated_records_are_read_or_refused_and_never_crash()
    {
        int seed = TestSeed.Or(2024);
        var random = new Random(seed);
        byte[][] originals =
        [
            .. SampleEvents.Generate(200, 12).Select(e => e.Record.ToArray()).Where(r => r.Length < 2_000),
            EventRecord.WithExtension(EventRecord.WithExtension(Sample(), 1, [1, 2, 3]), 900, new byte[130]),
        ];
        var json = new ArrayBufferWriter<byte>();
        int opened = 0;
        for (int i = 0; i < TestSeed.Soaked(Mutations); i++)
        {
            byte[] record = Mutate(originals[random.Next(originals.Length)], random);
            try
            {
                bool whole = EventView.TryOpen(record, out EventView view, out string? fact);
                Assert.True(whole == (fact is null));
                opened += whole ? 1 : 0;
                Exercise(record, whole, json);
                if (whole && view.Extensions.IsEmpty)
                {
                    // One event has one encoding: what is accepted is what would be written.
                    Assert.True(EventJson.TryParse(json.WrittenSpan, out NostrEvent? parsed,
                        out EventProblem problem), problem.ToString());
                    Assert.True(parsed.Record.Span.SequenceEqual(record));
                }
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, mutation {i}: {e}\n{Convert.ToHexString(record)}");
            }
        }

        Assert.InRange(opened, 1, TestSeed.Soaked(Mutations) - 1);
    }

    [Fact]
    public void No_prefix_and_no_extension_of_a_record_is_a_record()
    {
        byte[] record = Sample();
        for (int length = 0; length < record.Length; length++)
        {
            Assert.False(EventView.TryOpen(record.AsSpan(0, length), out _));
            Assert.False(CanOpen(record[..length]), $"{length} bytes");
        }

        Assert.False(EventView.TryOpen([.. record, 0], out _));
        Assert.False(CanOpen([.. record, 0]));
    }

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFFF01 00 00")] // 2^63 - 1 tags
    [InlineData("FFFFFFFFFFFFFFFFFFFF01 00 00")]
    [InlineData("00 FFFFFFFF0F 00")]
    [InlineData("00 F8FFFFFF0F 10")]
    [InlineData("00 00 FFFFFFFF07")]
    [InlineData("00 FFFFFFFF07 FFFFFFFF07")]
    [InlineData("8000 00 00")] // longer than needed
    [InlineData("01 00 00")] // a tag in no bytes
    [InlineData("00 01 00 00")] // bytes and no tag
    public void Lengths_that_lie_are_refused(string lengths)
    {
        byte[] record = WithSections(lengths);
        Assert.False(EventView.TryOpen(record, out _));
    }

    [Theory]
    [InlineData("01 07 00 01 FFFFFFFF0F 00")] // a value of 2 GB
    [InlineData("01 06 00 FFFFFFFF0F 00")] // a tag of 2^32 values
    [InlineData("01 03 00 01 02 FF")] // not UTF-8
    [InlineData("01 03 00 01 03 AA")] // packed though short
    [InlineData("01 12 00 01 20 30313233343536373839616263646566")] // not packed though it could be
    [InlineData("01 03 00 01 00 00")] // a byte after the last tag
    [InlineData("00 00 01 FF")] // content that is not UTF-8
    public void Tags_that_lie_are_refused(string sections)
    {
        byte[] record = WithSections(sections);
        Assert.False(EventView.TryOpen(record, out _, out string? fact));
        Assert.NotEmpty(fact);
    }

    /// <summary>Does everything that can be done with a record that merely opens.</summary>
    private static void Exercise(byte[] record, bool whole, ArrayBufferWriter<byte> json)
    {
        json.ResetWrittenCount();
        try
        {
            EventView view = EventView.Open(record);
            EventJson.Write(view, json);
            Span<byte> id = stackalloc byte[32];
            EventId.Compute(view, id);
            view.TryGetExtension(900, out _);
        }
        catch (StorageException e) when (!whole && e.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew)
        {
        }
    }

    private static bool CanOpen(byte[] record)
    {
        try
        {
            EventView.Open(record);
            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] record = (byte[])original.Clone();
        for (int edits = random.Next(1, 4); edits > 0 && record.Length > 0; edits--)
        {
            // Half of the edits hit the lengths and tags, where there is something to break.
            int from = random.Next(2) == 0 && record.Length > EventFormat.FixedBytes ? EventFormat.FixedBytes : 0;
            int at = random.Next(from, record.Length);
            switch (random.Next(6))
            {
                case 0:
                    record[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    record[at] = (byte)random.Next(256);
                    break;
                case 2:
                    record = record[..at];
                    break;
                case 3:
                    record = [.. record[..at], (byte)random.Next(256), .. record[at..]];
                    break;
                case 4:
                    record = [.. record[..at], .. record[Math.Min(record.Length, at + 1 + random.Next(4))..]];
                    break;
                default:
                    "\xFF\xFF\xFF\xFF\x0F"u8[..Math.Min(5, record.Length - at)].CopyTo(record.AsSpan(at));
                    break;
            }
        }

        return record;
    }

    private static byte[] WithSections(string hex) =>
        [
            .. Sample().AsSpan(0, EventFormat.FixedBytes),
            .. Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)),
        ];

    private static byte[] Sample() =>
        NostrEvent.CreateUnsigned(new byte[32], 5, 1, "content", ["e", new string('a', 64)], []).Record.ToArray();
}
