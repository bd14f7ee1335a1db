using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

public sealed class QueryOptionTests
{
    [Fact]
    public async Task Count_json_and_explain_say_the_same_in_each_form()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 300);
        string[] filters = ["""{"kinds":[1]}""", """[{"kinds":[7]},{"kinds":[1],"limit":3}]"""];
        ToolRun lines = (await ToolRun.OfAsync(["query", .. filters, "--ids", "--data", folder.Data])).Succeeded();
        ToolRun count = (await ToolRun.OfAsync(["query", .. filters, "--count", "--data", folder.Data])).Succeeded();
        Assert.Equal($"{lines.Lines.Length}\n", count.Text);
        JsonElement counted = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["query", .. filters, "--count", "--data", folder.Data]);
        Assert.Equal(lines.Lines.Length, counted.GetProperty("count").GetInt32());

        ToolRun array = (await ToolRun.OfAsync(
            ["query", .. filters, "--ids", "--explain", "--json", "--data", folder.Data])).Succeeded();
        Assert.Equal(lines.Lines, JsonSerializer.Deserialize<string[]>(array.Text)!);
        JsonElement how = JsonDocument.Parse(array.Error).RootElement;
        Assert.Equal(lines.Lines.Length, how.GetProperty("results").GetInt32());
        Assert.Equal("union", how.GetProperty("plan").GetProperty("operation").GetString());
        Assert.Equal(2, how.GetProperty("plan").GetProperty("inputs").GetArrayLength());
        Assert.True(how.GetProperty("pagesRead").GetInt64() >= 0);
    }

    [Fact]
    public async Task Blank_lines_of_requests_get_no_answer()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 20);
        byte[] requests = "{\"limit\":1}\n\n  \n{\"limit\":2}\n"u8.ToArray();
        Assert.Equal(2, (await ToolRun.OfAsync(requests, "query", "-", "--data", folder.Data)).Succeeded().Lines.Length);
        Assert.Equal(
            ["1", "2"], (await ToolRun.OfAsync(requests, "query", "-", "--count", "--data", folder.Data)).Succeeded().Lines);
    }

    [Fact]
    public async Task Follow_shows_what_is_stored_and_then_what_another_opener_of_the_store_adds_once_each()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 50);
        ToolRun before = (await ToolRun.OfAsync("query", """{"kinds":[1]}""", "--ids", "--data", folder.Data)).Succeeded();
        ToolRun sample = (await ToolRun.OfAsync("generate", "200", "--seed", "99")).Succeeded();
        NostrEvent[] added = [.. sample.Lines.Select(StoreFixture.Parse)];
        var expected = new List<string>();
        using var end = new CancellationTokenSource();
        await using var output = new AwaitedLines();
        using var error = new StringWriter();
        Task<int> following = MortiseTool.RunAsync(
            ["query", """{"kinds":[1]}""", "--ids", "--follow", "--data", folder.Data, "--plugins", Surroundings.Plugins],
            new ToolConsole(Stream.Null, output, error, showsProgress: false),
            end.Token);
        await output.WaitForAsync(before.Lines.Length);
        await using (EventStore store = await StoreFixture.OpenAsync(folder.Data))
        {
            foreach (NostrEvent[] batch in added.Chunk(30))
            {
                IReadOnlyList<PutResult> results = await store.PutAsync(batch);
                expected.AddRange(batch
                    .Where((e, i) => e.Kind == 1 && results[i].Outcome == PutOutcome.Stored).Select(e => e.Id));
            }

            await output.WaitForAsync(before.Lines.Length + expected.Count);
        }

        await end.CancelAsync();
        Assert.True(await following == ExitCode.Ok, error.ToString());
        Assert.NotEmpty(expected);
        Assert.Equal([.. before.Lines, .. expected], output.Lines);
    }

    [Fact]
    public async Task Follow_of_a_store_that_is_open_elsewhere_shows_new_events_only()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 20);
        NostrEvent[] added =
        [
            NostrEvent.CreateUnsigned(new byte[32], 10, 1, "before"), NostrEvent.CreateUnsigned(new byte[32], 20, 1, "after"),
        ];
        await using EventStore store = await StoreFixture.OpenAsync(folder.Data);
        await store.PutAsync(added[0]);
        using var end = new CancellationTokenSource();
        await using var output = new AwaitedLines();
        await using var error = new AwaitedText("new events only");
        Task<int> following = MortiseTool.RunAsync(
            ["query", "{}", "--ids", "--follow", "--data", folder.Data, "--plugins", Surroundings.Plugins],
            new ToolConsole(Stream.Null, output, error, showsProgress: false),
            end.Token);
        await error.Written;
        await store.PutAsync(added[1]);
        await output.WaitForAsync(1);
        await end.CancelAsync();
        Assert.Equal(ExitCode.Ok, await following);
        Assert.Equal([added[1].Id], output.Lines);
    }

    [Theory]
    [InlineData("--set", "=x", "--set =x: must be KEY=VALUE")]
    [InlineData("--set", "indexes.idd.partition=all", "the stack has no indexes.idd, and a new one needs a plugin; did you mean 'id'?")]
    public async Task An_override_that_fits_nothing_is_shown_with_what_was_meant(string option, string value, string message)
    {
        ToolRun run = await ToolRun.OfAsync("stack", "validate", option, value);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_that_do_something_say_so_as_json_when_asked()
    {
        using var folder = new TemporaryFolder();
        JsonElement init = await StoreFixture.JsonAsync(ExitCode.Ok, "init", "--data", folder.Data);
        Assert.EndsWith("stack.yaml", init.GetProperty("stack").GetString(), StringComparison.Ordinal);
        await StoreFixture.FillAsync(folder, 20);
        ToolRun ids = (await ToolRun.OfAsync("query", """{"limit":1}""", "--ids", "--data", folder.Data)).Succeeded();
        JsonElement deleted = await StoreFixture.JsonAsync(ExitCode.Ok, "delete", ids.Lines[0], "--data", folder.Data);
        Assert.True(deleted.GetProperty("deleted").GetBoolean());
        JsonElement again = await StoreFixture.JsonAsync(ExitCode.Failed, "delete", ids.Lines[0], "--data", folder.Data);
        Assert.False(again.GetProperty("deleted").GetBoolean());
        JsonElement checkpoint = await StoreFixture.JsonAsync(ExitCode.Ok, "checkpoint", "--data", folder.Data);
        Assert.True(checkpoint.GetProperty("lsn").GetInt64() > 0);
        JsonElement stack = await StoreFixture.JsonAsync(ExitCode.Ok, "stack", "show", "--data", folder.Data);
        Assert.Equal("mortise.btree", stack.GetProperty("indexes").GetProperty("id").GetProperty("component").GetString());
        JsonElement wrong = await StoreFixture.JsonAsync(
            ExitCode.BadInput, "stack", "validate", "--set", "wal.syncMode=maybe", "--data", folder.Data);
        Assert.Single(wrong.GetProperty("problems").EnumerateArray());
    }

    /// <summary>Standard output whose reader waits for lines.</summary>
    private sealed class AwaitedLines : MemoryStream
    {
        private readonly List<(int Lines, TaskCompletionSource Source)> _waiting = [];

        public string[] Lines
        {
            get
            {
                lock (_waiting)
                {
                    return Encoding.UTF8.GetString(ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                }
            }
        }

        public Task WaitForAsync(int lines)
        {
            lock (_waiting)
            {
                var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add((lines, source));
                Tell();
                return source.Task;
            }
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (_waiting)
            {
                base.Write(buffer);
                Tell();
            }
        }

        private void Tell()
        {
            int have = Lines.Length;
            foreach ((int lines, TaskCompletionSource source) in _waiting)
            {
                if (have >= lines)
                {
                    source.TrySetResult();
                }
            }
        }
    }

    private sealed class AwaitedText(string wanted) : StringWriter
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Written => _written.Task;

        public override Task WriteLineAsync(string? value)
        {
            if (value?.Contains(wanted, StringComparison.Ordinal) == true)
            {
                _written.TrySetResult();
            }

            return base.WriteLineAsync(value);
        }
    }
}
