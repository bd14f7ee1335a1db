using System.Globalization;

namespace Mortise.Nostr.Tests.Events;

public sealed class EventFormatTests
{
    private static readonly string s_specification =
        File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "src", "Nostr", "Events", "FORMAT.md"));

    [Fact]
    public void The_example_in_the_specification_is_what_the_code_writes_and_reads()
    {
        var tags = new TagListWriter();
        tags.AddTag("e", "00112233445566778899aabbccddeeff", "x");
        tags.AddTag();
        byte[] record = EventRecord.WithExtension(
            EventRecord.Encode(Filled(32, 0xA1), Filled(32, 0xB2), Filled(64, 0xC3), 2, 1, tags, "hi"u8), 5, [0xDD]);
        string example = string.Concat(
            s_specification[s_specification.IndexOf("## Example", StringComparison.Ordinal)..]
                .Split('\n').Where(static l => l.StartsWith("    ", StringComparison.Ordinal)))
            .Replace(" ", "", StringComparison.Ordinal);
        Assert.Equal(example, Convert.ToHexString(record));

        Assert.True(EventView.TryOpen(Convert.FromHexString(example), out EventView view, out string? fact), fact);
        Assert.Equal("hi", NostrEvent.FromView(view).Content);
        Assert.Equal([["e", "00112233445566778899aabbccddeeff", "x"], []], NostrEvent.FromView(view).GetTags());
        Assert.True(view.TryGetExtension(5, out ReadOnlySpan<byte> value) && value.SequenceEqual(new byte[] { 0xDD }));
    }

    [Theory]
    [InlineData("version", EventFormat.VersionOffset, 1)]
    [InlineData("flags", EventFormat.FlagsOffset, 1)]
    [InlineData("kind", EventFormat.KindOffset, 2)]
    [InlineData("created_at", EventFormat.CreatedAtOffset, 8)]
    [InlineData("id", EventFormat.IdOffset, EventFormat.IdBytes)]
    [InlineData("pubkey", EventFormat.PublicKeyOffset, EventFormat.PublicKeyBytes)]
    [InlineData("sig", EventFormat.SignatureOffset, EventFormat.SignatureBytes)]
    public void Offsets_and_lengths_in_the_specification_are_the_codes(string field, int offset, int bytes)
    {
        string[] cells = [.. Row(cells => cells.Length > 5 && cells[4] == field)];
        Assert.Equal(offset, int.Parse(cells[1], CultureInfo.InvariantCulture));
        Assert.Equal(bytes, int.Parse(cells[2], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Numbers_in_the_specification_are_the_codes()
    {
        Assert.Contains($"# Event record, version {EventFormat.Version}\n", s_specification, StringComparison.Ordinal);
        Assert.Equal(
            EventFormat.FixedBytes, int.Parse(Row(c => c.Length > 4 && c[4] == "tag count")[1], CultureInfo.InvariantCulture));
        Assert.Contains($"The shortest record has {EventFormat.MinRecordBytes} bytes", s_specification, StringComparison.Ordinal);
        Assert.Contains($"(0x{EventFormat.FlagExtensions:x2}): extensions", s_specification, StringComparison.Ordinal);
        Assert.Contains($"least {EventFormat.MinPackedCharacters} of them", s_specification, StringComparison.Ordinal);
        Assert.Contains($"number ({EventFormat.MinExtensionType} and up", s_specification, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_written_by_version_1_are_still_read()
    {
        // The golden file: u32 length and record, again and again. UPDATE_GOLDEN=1 writes it anew.
        string path = Path.Combine(
            SharedData.RepositoryRoot, "tests", "Nostr.Tests", "golden", "event-records-v1.bin");
        NostrEvent[] samples = [.. SampleEvents.Generate(40, 1).Where(static e => e.Record.Length < 1_000)];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            using var file = new BinaryWriter(File.Create(path));
            foreach (NostrEvent sample in samples)
            {
                file.Write(sample.Record.Length);
                file.Write(sample.Record.Span);
            }
        }

        using var reader = new BinaryReader(File.OpenRead(path));
        foreach (NostrEvent sample in samples)
        {
            byte[] record = reader.ReadBytes(reader.ReadInt32());
            Assert.True(EventView.TryOpen(record, out EventView view, out string? fact), fact);
            Assert.True(EventId.IsRight(view));
            Assert.Equal(sample.ToJson(), NostrEvent.FromView(view).ToJson());
        }

        Assert.Equal(reader.BaseStream.Length, reader.BaseStream.Position);
    }

    private static string[] Row(Func<string[], bool> wanted) =>
        s_specification.Split('\n')
            .Select(static line => line.Split('|').Select(static cell => cell.Trim()).ToArray())
            .Single(cells => cells.Length > 4 && wanted(cells));

    private static byte[] Filled(int count, byte value) => [.. Enumerable.Repeat(value, count)];
}
