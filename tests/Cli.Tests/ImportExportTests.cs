using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

public sealed class ImportExportTests
{
    private const int Events = 600;

    /// <summary>Rules off: what goes in stays in, so that every line has one right answer.</summary>
    private static readonly string[] s_keepAll =
    [
        "--set", "nostr.superseded=keepAll", "--set", "nostr.honourDeletions=false",
        "--set", "nostr.honourExpiration=false", "--set", "nostr.honourVanish=false",
    ];

    [Fact]
    public async Task What_is_generated_is_the_same_for_the_same_seed_and_verifies()
    {
        ToolRun first = (await ToolRun.OfAsync("generate", "200", "--seed", "5")).Succeeded();
        ToolRun again = (await ToolRun.OfAsync("generate", "200", "--seed", "5")).Succeeded();
        ToolRun other = (await ToolRun.OfAsync("generate", "200", "--seed", "6")).Succeeded();
        Assert.Equal(first.Output, again.Output);
        Assert.NotEqual(first.Output, other.Output);
        Assert.Equal(200, first.Lines.Length);
        Assert.All(first.Lines, line => Assert.Equal(VerifyResult.Ok, EventVerifier.Default.Verify(Parse(line).View)));
    }

    [Fact]
    public async Task An_export_gives_back_every_event_that_was_imported_byte_for_byte_newest_first()
    {
        using var folder = new TemporaryFolder();
        string[] given = await GenerateAsync(folder);
        await ImportAsync(folder, "events.jsonl");
        string[] kept = [.. given.Where(line => !IsEphemeral(line))];
        ToolRun export = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. s_keepAll])).Succeeded();
        Assert.Equal(kept.Order(StringComparer.Ordinal), export.Lines.Order(StringComparer.Ordinal));
        Assert.Equal(kept.Select(Parse).OrderByDescending(e => e.CreatedAt).ThenBy(e => e.Id, StringComparer.Ordinal)
            .Select(e => e.ToJson()), export.Lines);

        ToolRun ids = (await ToolRun.OfAsync(["export", "--ids", "--data", folder.Data, .. s_keepAll])).Succeeded();
        Assert.Equal(export.Lines.Select(line => Parse(line).Id), ids.Lines);
    }

    [Fact]
    public async Task Importing_again_stores_nothing_and_says_duplicate_for_each()
    {
        using var folder = new TemporaryFolder();
        await GenerateAsync(folder);
        JsonElement first = await ImportAsync(folder, "events.jsonl");
        JsonElement again = await ImportAsync(folder, "events.jsonl");
        Assert.Equal(0, again.GetProperty("stored").GetInt64());
        Assert.Equal(first.GetProperty("stored").GetInt64(), again.GetProperty("duplicate").GetInt64());
        Assert.Equal(
            first.GetProperty("rejected").GetProperty("ephemeral").GetInt64(),
            again.GetProperty("rejected").GetProperty("ephemeral").GetInt64());
    }

    [Fact]
    public async Task Every_line_gets_its_acknowledgement_in_order_and_the_summary_is_last()
    {
        using var folder = new TemporaryFolder();
        string[] given = await GenerateAsync(folder);
        NostrEvent stored = Parse(given.First(line => !IsEphemeral(line)));
        string wrongId = stored.ToJson().Replace("\"content\":\"", "\"content\":\"x", StringComparison.Ordinal);
        string wrongSignature = stored.ToJson().Replace(stored.Sig, new string('1', 128), StringComparison.Ordinal);
        string[] lines = [.. given, stored.ToJson(), "not json", wrongId, "", wrongSignature];
        ToolRun run = (await ToolRun.OfAsync(
            Encoding.UTF8.GetBytes(string.Join('\n', lines)),
            ["import", "-", "--ack", "--data", folder.Data, .. s_keepAll])).Succeeded();
        string[] expected =
        [
            .. given.Select(line => (IsEphemeral(line), Parse(line).Id) switch
            {
                (true, string id) => $"REJ {id} ephemeral",
                (_, string id) => $"OK {id}",
            }),
            $"DUP {stored.Id}", "REJ - not-json", $"REJ {stored.Id} wrong-id", $"REJ {stored.Id} bad-signature",
        ];
        Assert.Equal(expected, run.Lines[..^1]);
        Assert.StartsWith($"read {Events + 4}, stored ", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Malformed_lines_are_reported_with_their_numbers_and_do_not_stop_the_import()
    {
        using var folder = new TemporaryFolder();
        string[] given = await GenerateAsync(folder);
        var lines = new List<string>(given);
        for (int i = 0; i < 30; i++)
        {
            lines.Insert(i * 10, i % 2 == 0 ? "{" : """{"id":"zz"}""");
        }

        await File.WriteAllLinesAsync(folder.File("bad.jsonl"), lines);
        ToolRun run = (await ToolRun.OfAsync(
            ["import", folder.File("bad.jsonl"), "--json", "--data", folder.Data, .. s_keepAll])).Succeeded();
        JsonElement summary = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(Events + 30, summary.GetProperty("read").GetInt64());
        Assert.Equal(given.Count(line => !IsEphemeral(line)), summary.GetProperty("stored").GetInt64());
        string[] errors = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(21, errors.Length);
        Assert.StartsWith($"{folder.File("bad.jsonl")}:1: not-json", errors[0], StringComparison.Ordinal);
        Assert.StartsWith($"{folder.File("bad.jsonl")}:11: bad-id", errors[1], StringComparison.Ordinal);
        Assert.Equal("... and 10 more lines were refused", errors[20]);
    }

    [Fact]
    public async Task A_file_in_which_no_line_is_an_event_is_bad_input()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("readme.txt"), "hello\nworld\n");
        ToolRun run = await ToolRun.OfAsync("import", folder.File("readme.txt"), "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
    }

    [Fact]
    public async Task Gzipped_and_plain_input_are_the_same_and_damaged_gzip_is_bad_input()
    {
        using var folder = new TemporaryFolder();
        await GenerateAsync(folder);
        byte[] plain = await File.ReadAllBytesAsync(folder.File("events.jsonl"));
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(plain);
        }

        await File.WriteAllBytesAsync(folder.File("events.jsonl.gz"), packed.ToArray());
        JsonElement summary = await ImportAsync(folder, "events.jsonl.gz");
        Assert.Equal(Events, summary.GetProperty("read").GetInt64());
        Assert.Equal(0, (await ImportAsync(folder, "events.jsonl")).GetProperty("stored").GetInt64());

        byte[] damaged = packed.ToArray();
        damaged.AsSpan(damaged.Length / 2, 16).Fill(0xAA);
        await File.WriteAllBytesAsync(folder.File("damaged.gz"), damaged);
        ToolRun run = await ToolRun.OfAsync("import", folder.File("damaged.gz"), "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Contains("damaged.gz", run.Error, StringComparison.Ordinal);

        // Cut off: in the data, and in the trailer, where every line has come through already.
        foreach (int missing in (int[])[packed.ToArray().Length / 2, 9, 4, 1])
        {
            await File.WriteAllBytesAsync(folder.File("cut.gz"), packed.ToArray()[..^missing]);
            ToolRun cut = await ToolRun.OfAsync("import", folder.File("cut.gz"), "--data", folder.Data);
            Assert.True(cut.Exit == ExitCode.BadInput, $"{missing} bytes missing: exit {cut.Exit}");
            Assert.StartsWith("read ", cut.Lines[^1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_verification_ids_and_signatures_are_trusted()
    {
        using var folder = new TemporaryFolder();
        NostrEvent made = SampleEvents.Generate(1, 3).Single();
        byte[] line = Encoding.UTF8.GetBytes(
            made.ToJson().Replace(made.Sig, new string('2', 128), StringComparison.Ordinal));
        string[] options = ["--ack", "--data", folder.Data];
        Assert.StartsWith("REJ", (await ToolRun.OfAsync(line, ["import", .. options])).Text, StringComparison.Ordinal);
        Assert.StartsWith(
            "OK",
            (await ToolRun.OfAsync(line, ["import", "--no-verify", .. options])).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_and_delete_act_on_one_event()
    {
        using var folder = new TemporaryFolder();
        string[] given = await GenerateAsync(folder);
        await ImportAsync(folder, "events.jsonl");
        string line = given.Last(one => !IsEphemeral(one));
        string id = Parse(line).Id;
        string[] options = [id, "--data", folder.Data, .. s_keepAll];
        Assert.Equal([line], (await ToolRun.OfAsync(["get", .. options])).Succeeded().Lines);
        (await ToolRun.OfAsync(["delete", .. options])).Succeeded();
        Assert.Equal(ExitCode.Failed, (await ToolRun.OfAsync(["get", .. options])).Exit);
        Assert.Equal(ExitCode.Failed, (await ToolRun.OfAsync(["delete", .. options])).Exit);
    }

    [RealEventsFact]
    public async Task The_real_events_are_stored_less_the_ephemeral_ones_and_every_id_recomputes()
    {
        using var folder = new TemporaryFolder();
        ToolRun import = (await ToolRun.OfAsync(
            ["import", Surroundings.RealEvents, "--json", "--data", folder.Data, .. s_keepAll])).Succeeded();
        JsonElement summary = JsonDocument.Parse(import.Output).RootElement;
        Assert.Equal(15_519, summary.GetProperty("read").GetInt64());
        Assert.Equal(15_519 - 75, summary.GetProperty("stored").GetInt64());
        Assert.Equal(75, summary.GetProperty("rejected").GetProperty("ephemeral").GetInt64());
        ToolRun export = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. s_keepAll])).Succeeded();
        Assert.Equal(15_519 - 75, export.Lines.Length);
        Assert.All(export.Lines, line => Assert.True(EventId.IsRight(Parse(line).View)));
        ToolRun again = (await ToolRun.OfAsync(
            ["import", Surroundings.RealEvents, "--json", "--data", folder.Data, .. s_keepAll])).Succeeded();
        summary = JsonDocument.Parse(again.Output).RootElement;
        Assert.Equal(0, summary.GetProperty("stored").GetInt64());
        Assert.Equal(15_519 - 75, summary.GetProperty("duplicate").GetInt64());
    }

    private static async Task<string[]> GenerateAsync(TemporaryFolder folder)
    {
        ToolRun run = (await ToolRun.OfAsync("generate", $"{Events}", "--seed", "11")).Succeeded();
        await File.WriteAllBytesAsync(folder.File("events.jsonl"), run.Output);
        return run.Lines;
    }

    private static async Task<JsonElement> ImportAsync(TemporaryFolder folder, string file)
    {
        ToolRun run = (await ToolRun.OfAsync(
            ["import", folder.File(file), "--json", "--data", folder.Data, .. s_keepAll])).Succeeded();
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private static NostrEvent Parse(string line)
    {
        bool isEvent = EventJson.TryParse(
            Encoding.UTF8.GetBytes(line), out NostrEvent? parsed, out EventProblem problem);
        Assert.True(isEvent, $"{problem}: {line}");
        return parsed!;
    }

    private static bool IsEphemeral(string line) => Parse(line).Kind is >= 20_000 and < 30_000;
}
