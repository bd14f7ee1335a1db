using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Mortise.Nostr.Tests.Json;

public sealed class HostileJsonTests
{
    private const int Mutations = 100_000;

    private static readonly byte[][] s_snippets =
    [
        .. new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", "\\u0000", "\\ud83d", "\\ude03", "null", "1e400", "-1",
                "18446744073709551616",
            "\"id\":", "\"kind\":1,", "\"tags\":[[]],", " ", "\n", "\0", "é", "[[[[[[", "{\"a\":{\"b\":[", "\ufeff",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80],
    ];

    [Fact]
    public void Mutated_lines_are_read_or_refused_and_never_crash()
    {
        int seed = TestSeed.Or(77);
        var random = new Random(seed);
        byte[][] originals =
            [.. SampleEvents.Generate(200,
                13).Select(e => Encoding.UTF8.GetBytes(e.ToJson())).Where(l => l.Length < 3_000)];
        int parsedCount = 0;
        var json = new ArrayBufferWriter<byte>();
        for (int i = 0; i < TestSeed.Soaked(Mutations); i++)
        {
            byte[] line = Mutate(originals[random.Next(originals.Length)], random);
            string where = $"seed {seed}, mutation {i}: {Convert.ToHexString(line)}";
            bool taken;
            NostrEvent? parsed;
            EventProblem problem;
            try
            {
                taken = EventJson.TryParse(line, out parsed, out problem);
            }
            catch (Exception e)
            {
                Assert.Fail($"{where}\n{e}");
                throw;
            }

            Assert.True(taken == (problem.Reason == RejectReason.None), where);
            Assert.True(taken == (parsed is not null), where);
            Assert.True(problem.Offset >= 0 && problem.Offset <= line.Length, where);
            if (parsed is null)
            {
                continue;
            }

            parsedCount++;
            Assert.True(EventView.TryOpen(parsed.Record.Span, out EventView view, out string? fact),
                $"{where}: {fact}");
            json.ResetWrittenCount();
            EventJson.Write(view, json);
            AgreesWithTheBuiltInReader(line, json.WrittenMemory, where);
        }

        Assert.InRange(parsedCount, 1, TestSeed.Soaked(Mutations) - 1);
    }

    /// <summary>The other reader accepts the line too, and reads the same values.</summary>
    private static void AgreesWithTheBuiltInReader(byte[] line, ReadOnlyMemory<byte> written, string where)
    {
        using JsonDocument theirs = JsonDocument.Parse(line);
        using JsonDocument ours = JsonDocument.Parse(written);
        foreach (JsonProperty property in ours.RootElement.EnumerateObject())
        {
            Assert.True(JsonElement.DeepEquals(property.Value, theirs.RootElement.GetProperty(property.Name)), where);
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] line = (byte[])original.Clone();
        for (int edits = random.Next(1, 3); edits > 0 && line.Length > 0; edits--)
        {
            int at = random.Next(line.Length);
            int end = Math.Min(line.Length, at + 1 + random.Next(8));
            line = random.Next(5) switch
            {
                0 => [.. line[..at], .. s_snippets[random.Next(s_snippets.Length)], .. line[at..]],
                1 => [.. line[..at], .. s_snippets[random.Next(s_snippets.Length)], .. line[end..]],
                2 => [.. line[..at], .. line[end..]],
                3 => line[..at],
                _ => [.. line[..at], (byte)random.Next(256), .. line[(at + 1)..]],
            };
        }

        return line;
    }
}
