using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise backup</c>: copies the events into a new store.</summary>
internal static class BackupCommand
{
    private const string Unfinished = ".unfinished";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var target = new Argument<string>("DIR")
        {
            Description = "Where the copy goes; must not be there, or be empty.",
        };
        var command = new Command("backup", "Copies the store, as it is at one commit, into a new store.") { target };
        command.SetAction((arguments, cancellation) =>
            RunAsync(context, arguments, Path.GetFullPath(arguments.GetRequiredValue(target)), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, string target, CancellationToken cancellation)
    {
        string data = context.Options.Data(arguments);
        if (!File.Exists(Path.Combine(data, ManifestFile.Name)))
        {
            throw new BadInputException($"{data}: there is no store here");
        }

        // What is under DIR is always a whole copy: until then it has another name.
        string unfinished = Path.TrimEndingDirectorySeparator(target) + Unfinished;
        RequireOutside(target, data);
        RequireEmpty(target);
        RequireEmpty(unfinished);
        StoreCopyReport report;
        await using (StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false))
        {
            report = await CopyAsync(context, session, unfinished, cancellation).ConfigureAwait(false);
        }

        CopyStack(context, arguments, data, unfinished);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (Directory.Exists(target))
        {
            Directory.Delete(target);
        }

        Directory.Move(unfinished, target);
        Print(context, report, target, context.Options.Json(arguments));
        return ExitCode.Ok;
    }

    private static async ValueTask<StoreCopyReport> CopyAsync(
        CommandContext context, StoreSession session, string target, CancellationToken cancellation)
    {
        string family = session.Composed.Stack.Families.First(static f => f.Projection == EventProjections.Id).Name;
        StoreComposition copy = session.Host.Compose(session.Composed.Stack, target).Composition;
        var progress = new ProgressLine(context.Console, context.Time);
        using StoreView view = session.Store.Engine.OpenView();
        StoreCopyReport report = await StoreCopy.RunAsync(
            view,
            family,
            copy,
            StoreSession.Projections(session.Composed),
            new Shown(records => progress.Show(() => $"{Words.Count(records)} events copied")),
            cancellation).ConfigureAwait(false);
        progress.Clear();
        long live = session.Store.GetStatistics().Records.LiveRecords;
        return live == report.Records
            ? report
            : throw new StorageException(
                StorageErrorCode.Corrupt,
                $"the index '{family}' names {report.Records} events, the store holds {live}",
                advice: "see 'mortise doctor'; the copy is incomplete");
    }

    /// <summary>A backup inside its source is lost with it.</summary>
    private static void RequireOutside(string target, string data)
    {
        string source = Path.TrimEndingDirectorySeparator(Path.GetFullPath(data)) + Path.DirectorySeparatorChar;
        if ((Path.GetFullPath(target) + Path.DirectorySeparatorChar).StartsWith(source, StringComparison.Ordinal))
        {
            throw new BadInputException($"{target} is inside the store's own directory {data}");
        }
    }

    private static void RequireEmpty(string directory)
    {
        if (File.Exists(directory)
            || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new BadInputException($"{directory} is there already and is not an empty directory");
        }
    }

    /// <summary>The copy opens with the same stack: a file in the data directory goes with it.</summary>
    private static void CopyStack(CommandContext context, ParseResult arguments, string data, string target)
    {
        string inData = Path.Combine(data, StoreSession.StackFileName);
        if (context.Options.Stack(arguments) is null && File.Exists(inData))
        {
            File.Copy(inData, Path.Combine(target, StoreSession.StackFileName));
        }
    }

    private static void Print(CommandContext context, StoreCopyReport report, string target, bool asJson)
    {
        using var output = new OutputWriter(context.Console.Output);
        if (!asJson)
        {
            output.Line(
                $"copied {Words.Count(report.Records)} events ({Words.Size(report.Bytes)}) as of commit {report.Lsn} "
                + $"to {target}");
            return;
        }

        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("target", target);
            json.WriteNumber("lsn", report.Lsn.Value);
            json.WriteNumber("events", report.Records);
            json.WriteNumber("bytes", report.Bytes);
            json.WriteEndObject();
        }

        output.EndLine();
    }

    /// <summary>Told where the copy runs, so that the last report comes before its result.</summary>
    private sealed class Shown(Action<long> show) : IProgress<long>
    {
        public void Report(long value) => show(value);
    }
}
