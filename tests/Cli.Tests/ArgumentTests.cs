namespace Mortise.Cli.Tests;

public sealed class ArgumentTests
{
    public static TheoryData<string> Commands =>
    [
        "init", "import", "export", "get", "query", "count", "delete", "stats", "checkpoint", "plugins", "plugins list",
        "stack", "stack validate", "stack show", "generate", "demo",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_explains_itself_and_the_global_options(string command)
    {
        ToolRun run = await ToolRun.OfAsync([.. command.Split(' '), "--help"]);
        Assert.Equal(ExitCode.Ok, run.Exit);
        foreach (string option in (string[])["--stack", "--set", "--data", "--json", "--help"])
        {
            Assert.Contains(option, run.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("frobnicate")]
    [InlineData("import --frobnicate")]
    [InlineData("get")]
    [InlineData("get 00")]
    [InlineData("query")]
    [InlineData("query {")]
    [InlineData("""query {"kinds":"one"}""")]
    [InlineData("""count {"unknown":1}""")]
    [InlineData("generate many")]
    [InlineData("generate -5")]
    [InlineData("import no-such-file.jsonl")]
    [InlineData("stats --stack no-such-stack.yaml")]
    [InlineData("stats --set wal.syncMode=sometimes")]
    [InlineData("stack validate --set wal.syncMode=sometimes")]
    [InlineData("stats --set wal.plugin=acme.wal")]
    [InlineData("stats --set nonsense")]
    [InlineData("stats --set nostr.superseded=maybe")]
    [InlineData("bench --phases relaxed,often")]
    [InlineData("bench --phases 3")]
    public async Task Bad_input_is_exit_2_with_a_message_and_without_a_stack_trace(string commandLine)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync(
            [.. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--data", folder.Data]);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Empty(run.Output);
        Assert.StartsWith("mortise: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Phases_of_a_measurement_with_commas_between_are_each_run()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync(
            "bench", "--events", "200", "--phases", "relaxed,open", "--json", "--data", folder.Data);
        run.Succeeded();
        using var result = System.Text.Json.JsonDocument.Parse(run.Output);
        Assert.Equal("relaxed", Assert.Single(result.RootElement.GetProperty("ingest").EnumerateArray()).GetProperty("mode").GetString());
        Assert.Equal(2, result.RootElement.GetProperty("opens").GetArrayLength());
        Assert.Empty(result.RootElement.GetProperty("queries").EnumerateArray());
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_stack_is_said_in_one_run_with_its_place()
    {
        using var folder = new TemporaryFolder();
        (await ToolRun.OfAsync("init", "--data", folder.Data)).Succeeded();
        string stack = Path.Combine(folder.Data, "stack.yaml");
        string text = await File.ReadAllTextAsync(stack);
        await File.WriteAllTextAsync(
            stack,
            text.Replace("syncMode: batch ", "syncMode: bach ", StringComparison.Ordinal)
                .Replace("budget: 256MiB", "budget: plenty", StringComparison.Ordinal));
        ToolRun run = await ToolRun.OfAsync("stats", "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Matches(@"stack\.yaml:\d+:\d+: .*bach", run.Error);
        Assert.Matches(@"stack\.yaml:\d+:\d+: .*plenty", run.Error);
    }

    [Fact]
    public async Task Init_writes_a_stack_that_works_and_does_not_overwrite_one()
    {
        using var folder = new TemporaryFolder();
        (await ToolRun.OfAsync("init", "--data", folder.Data)).Succeeded();
        (await ToolRun.OfAsync("stats", "--data", folder.Data)).Succeeded();
        Assert.Equal(ExitCode.BadInput, (await ToolRun.OfAsync("init", "--data", folder.Data)).Exit);
        (await ToolRun.OfAsync("init", "--data", folder.Data, "--force")).Succeeded();
    }

    [Fact]
    public async Task A_stack_that_is_shown_is_a_stack_and_shows_the_same_again()
    {
        using var folder = new TemporaryFolder();
        ToolRun first = (await ToolRun.OfAsync("stack", "show", "--data", folder.Data)).Succeeded();
        await File.WriteAllBytesAsync(folder.File("shown.yaml"), first.Output);
        (await ToolRun.OfAsync("stack", "validate", "--stack", folder.File("shown.yaml"))).Succeeded();
        ToolRun again = (await ToolRun.OfAsync("stack", "show", "--stack", folder.File("shown.yaml"))).Succeeded();
        static IEnumerable<string> Values(ToolRun run) => run.Lines.Select(line => line.Split(" #")[0].TrimEnd());
        Assert.Equal(Values(first), Values(again));
        Assert.False(Directory.Exists(folder.Data));
    }

    [Fact]
    public async Task Plugins_list_shows_the_bundled_plugins_and_where_they_are()
    {
        ToolRun run = (await ToolRun.OfAsync("plugins", "list")).Succeeded();
        foreach (string component in (string[])
            ["mortise.wal", "mortise.segments", "mortise.btree", "mortise.cache.lru", "mortise.partition.time"])
        {
            Assert.Contains(component, run.Text, StringComparison.Ordinal);
        }

        Assert.Contains(Surroundings.Plugins, run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_plugin_folder_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var console = new ToolConsole(Stream.Null, output, error, showsProgress: false);
        int exit = await MortiseTool.RunAsync(
            ["stats", "--data", folder.Data, "--plugins", folder.File("nowhere")], console);
        Assert.NotEqual(ExitCode.Ok, exit);
        Assert.Contains("nowhere", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stats")]
    [InlineData("export")]
    [InlineData("checkpoint")]
    [InlineData("query {}")]
    [InlineData("count {}")]
    public async Task A_command_that_only_reads_says_when_there_is_no_store_and_makes_none(string commandLine)
    {
        using var folder = new TemporaryFolder();
        string nowhere = folder.File("nowhere");
        ToolRun run = await ToolRun.OfAsync([.. commandLine.Split(' '), "--data", nowhere]);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.False(Directory.Exists(nowhere));
    }

    [Fact]
    public async Task A_search_is_refused_with_its_place_and_leaves_no_half_answer()
    {
        using var folder = new TemporaryFolder();
        (await ToolRun.OfAsync("init", "--data", folder.Data)).Succeeded();
        byte[] requests = "{\"limit\":1}\n{\"search\":\"x\"}\n"u8.ToArray();
        ToolRun run = await ToolRun.OfAsync(requests, "query", "-", "--ids", "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Equal(["[]"], run.Lines);
        Assert.Contains("stdin:2", run.Error, StringComparison.Ordinal);
    }
}
