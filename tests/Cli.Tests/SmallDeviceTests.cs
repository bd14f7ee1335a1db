using System.Diagnostics;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>The real tool on a real file system of a few megabytes, which becomes full: a tmpfs in a mount namespace of
/// its own. Whatever was acknowledged is in the files that are left, and they open where there is room.</summary>
public sealed class SmallDeviceTests
{
    private const int Events = 6_000;

    // What the files are when the process has ended is carried out of the namespace, which ends with it.
    private const string Script =
        "mount -t tmpfs -o size=$1 tmpfs \"$2\" || exit 99; from=$2; to=$3; shift 3; \"$@\"; code=$?; "
        + "cp -a \"$from/.\" \"$to\"; exit $code";

    [NamespaceTheory]
    [InlineData("4m", "always")]
    [InlineData("5m", "batch")]
    [InlineData("7m", "always")]
    public async Task A_file_system_that_becomes_full_costs_nothing_that_was_acknowledged(string size, string mode)
    {
        using var folder = new TemporaryFolder();
        string device = Directory.CreateDirectory(folder.File("device")).FullName;
        string saved = Directory.CreateDirectory(folder.File("saved")).FullName;
        NostrEvent[] events = [.. Enumerable.Range(0, Events).Select(Make)];
        await File.WriteAllLinesAsync(folder.File("events.jsonl"), events.Select(static e => e.ToJson()));
        var acknowledged = new HashSet<string>();
        using (ToolProcess tool = ToolProcess.StartUnder(
            ["unshare", "-rm", "sh", "-c", Script, "sh", size, device, saved],
            "import",
            folder.File("events.jsonl"),
            "--no-verify",
            "--ack",
            "--data",
            device,
            "--set",
            $"wal.syncMode={mode}",
            "--set",
            "engine.checkpointBytes=512KiB"))
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
            Assert.Contains("mortise: ", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }

        Assert.NotEmpty(acknowledged);
        Assert.True(acknowledged.Count < Events, "the device did not become full");
        ToolRun export = (await ToolRun.OfAsync("export", "--ids", "--data", saved)).Succeeded();
        var found = export.Lines.ToHashSet();
        Assert.Empty(acknowledged.Except(found));
        Assert.Empty(found.Except(events.Select(static e => e.Id)));

        // With room again the same import goes through.
        (await ToolRun.OfAsync("import", folder.File("events.jsonl"), "--no-verify", "--data", saved)).Succeeded();
        ToolRun all = (await ToolRun.OfAsync("export", "--ids", "--data", saved)).Succeeded();
        Assert.Equal(events.Select(static e => e.Id).Order(), all.Lines.Order());
        (await ToolRun.OfAsync("doctor", "--data", saved)).Succeeded();
    }

    private static NostrEvent Make(int index)
    {
        Span<byte> author = stackalloc byte[32];
        author.Fill((byte)(1 + (index % 5)));
        return NostrEvent.CreateUnsigned(
            author, 1_700_000_000 + index, 1, $"event {index} {new string('x', 900)}", ["t", "full"]);
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NamespaceTheoryAttribute : TheoryAttribute
    {
        public NamespaceTheoryAttribute()
        {
            if (!CanMount())
            {
                Skip = "this machine lets nobody mount a file system in a namespace of their own (unshare -rm)";
            }
        }

        private static bool CanMount()
        {
            if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/unshare"))
            {
                return false;
            }

            using Process process = Process.Start(
                new ProcessStartInfo("unshare", ["-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"])
                {
                    RedirectStandardError = true,
                })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }
}
