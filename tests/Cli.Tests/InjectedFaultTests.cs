using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>
/// The real tool on the real file system, with system calls that fail: strace makes the nth sync or write of an import
/// return an error. Whatever was acknowledged is there afterwards, and the tool says what happened.
/// </summary>
public sealed class InjectedFaultTests
{
    private const int Events = 400;

    [StraceTheory]
    [InlineData("fdatasync,fsync", "EIO", 4)]
    [InlineData("fdatasync,fsync", "EIO", 9)]
    [InlineData("fdatasync,fsync", "ENOSPC", 12)]
    [InlineData("pwrite64,pwritev", "EIO", 12)]
    [InlineData("pwrite64,pwritev", "ENOSPC", 12)]
    [InlineData("pwrite64,pwritev", "ENOSPC", 30)]
    public async Task A_call_that_fails_is_reported_and_costs_nothing_that_was_acknowledged(
        string calls, string error, int nth)
    {
        using var folder = new TemporaryFolder();
        NostrEvent[] events = [.. Enumerable.Range(0, Events).Select(Make)];
        await File.WriteAllLinesAsync(folder.File("events.jsonl"), events.Select(e => e.ToJson()));
        string[] wrapper =
        [
            "strace", "-f", "-qq", "-o", "/dev/null",
            "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}:when={nth}+",
        ];
        var acknowledged = new HashSet<string>();
        using (ToolProcess tool = ToolProcess.StartUnder(
            wrapper,
            "import",
            folder.File("events.jsonl"),
            "--no-verify",
            "--ack",
            "--data",
            folder.Data,
            "--set",
            "wal.syncMode=always",
            "--set",
            "engine.checkpointBytes=64KiB"))
        {
            while (await tool.Output.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("OK ", StringComparison.Ordinal))
                {
                    acknowledged.Add(line[3..]);
                }
            }

            Assert.Equal(ExitCode.Failed, await tool.EndAsync());
            string errors = await tool.Errors;

            // A slow machine is told how far opening is first, and somebody has to hear of processes that other tests killed.
            string first = errors.Split('\n').First(static l => !l.StartsWith("opening: ", StringComparison.Ordinal)
                && !l.Contains("an earlier process ended while", StringComparison.Ordinal));
            Assert.StartsWith("mortise: ", first, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }

        ToolRun export = (await ToolRun.OfAsync("export", "--ids", "--data", folder.Data)).Succeeded();
        var found = export.Lines.ToHashSet();
        Assert.Empty(acknowledged.Except(found));
        Assert.Empty(found.Except(events.Select(e => e.Id)));

        // The device is well again: the same import goes through, and what was there counts as duplicate.
        (await ToolRun.OfAsync("import", folder.File("events.jsonl"), "--no-verify", "--data", folder.Data))
            .Succeeded();
        ToolRun all = (await ToolRun.OfAsync("export", "--ids", "--data", folder.Data)).Succeeded();
        Assert.Equal(events.Select(e => e.Id).Order(), all.Lines.Order());
    }

    /// <summary>A shim that is loaded in front of the C library never sees calls which the runtime looks up in the library
    /// itself, so an injection through one tests nothing (F10). These are made in the kernel, and the trace shows it.</summary>
    [StraceFact]
    public async Task What_is_injected_reaches_the_tools_own_sync_calls()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("events.jsonl"), Make(1).ToJson());
        string trace = folder.File("trace");
        using (ToolProcess tool = ToolProcess.StartUnder(
            ["strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync", "-e", "inject=fdatasync:error=EIO:when=1+"],
            "import",
            folder.File("events.jsonl"),
            "--no-verify",
            "--ack",
            "--data",
            folder.Data,
            "--set",
            "wal.syncMode=always"))
        {
            Assert.Equal(ExitCode.Failed, await tool.EndAsync());
            Assert.DoesNotContain("OK ", await tool.Output.ReadToEndAsync(), StringComparison.Ordinal);
        }

        string[] calls = await File.ReadAllLinesAsync(trace);
        Assert.Contains(calls, static c => c.Contains("fsync(", StringComparison.Ordinal));
        Assert.Contains(calls, static c => c.Contains("fdatasync(", StringComparison.Ordinal)
            && c.EndsWith("(INJECTED)", StringComparison.Ordinal));
    }

    private static NostrEvent Make(int index)
    {
        Span<byte> author = stackalloc byte[32];
        author.Fill((byte)(1 + (index % 5)));
        return NostrEvent.CreateUnsigned(
            author, 1_700_000_000 + index, 1, $"event {index} {new string('x', 900)}", ["t", "fault"]);
    }
}
