using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Files;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise backup</c>: copies the store into another directory.</summary>
internal static class BackupCommand
{
    private const string Unfinished = ".unfinished";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var target = new Argument<string>("DIR")
        {
            Description = "Where the copy goes: a new or empty directory, or an earlier copy that nobody has opened.",
        };
        var command = new Command("backup", "Copies the store, as it is at one commit, while it may be in "
            + "use.") { target };
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

        RequireOutside(target, data);
        ComposedStore composed = StoreSession.ComposeExisting(context, arguments);
        return StoreBackup.IsOffered(composed.Composition)
            ? await CopyFilesAsync(context, arguments, composed, target, cancellation).ConfigureAwait(false)
            : await CopyRecordsAsync(context, arguments, target, cancellation).ConfigureAwait(false);
    }

    /// <summary>By files: of a store that may be open elsewhere, and into an earlier copy.</summary>
    private static async Task<int> CopyFilesAsync(
        CommandContext context,
        ParseResult arguments,
        ComposedStore composed,
        string target,
        CancellationToken cancellation)
    {
        // What is under DIR is always a whole copy: until then it has another name.
        bool isRenewed = File.Exists(Path.Combine(target, ManifestFile.Name));
        string place = isRenewed ? target : Path.TrimEndingDirectorySeparator(target) + Unfinished;
        if (!isRenewed)
        {
            RequireEmpty(target);
        }

        BackupReport report = await StoreBackup.RunAsync(
            composed.Composition, PosixDirectory.OpenRoot(place), cancellation).ConfigureAwait(false);
        CopyStack(context, arguments, context.Options.Data(arguments), place);
        if (!isRenewed)
        {
            MoveInto(place, target);
        }

        Print(context, report, target, context.Options.Json(arguments));
        return report.Findings.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>By records, through the contracts: right for any stack, but the store has to be opened here.</summary>
    private static async Task<int> CopyRecordsAsync(
        CommandContext context, ParseResult arguments, string target, CancellationToken cancellation)
    {
        string unfinished = Path.TrimEndingDirectorySeparator(target) + Unfinished;
        RequireEmpty(target);
        RequireEmpty(unfinished);
        StoreCopyReport report;
        await using (StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false))
        {
            report = await CopyAsync(context, session, unfinished, cancellation).ConfigureAwait(false);
        }

        CopyStack(context, arguments, context.Options.Data(arguments), unfinished);
        MoveInto(unfinished, target);
        Print(context, report, target, context.Options.Json(arguments));
        return ExitCode.Ok;
    }

    private static void MoveInto(string unfinished, string target)
    {
        string parent = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(parent);
        if (Directory.Exists(target))
        {
            Directory.Delete(target);
        }

        Directory.Move(unfinished, target);

        // A copy without a durable name would be gone with the power.
        PosixDirectory.OpenRoot(parent).Sync();
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
            File.Copy(inData, Path.Combine(target, StoreSession.StackFileName), overwrite: true);
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

    private static void Print(CommandContext context, BackupReport report, string target, bool asJson)
    {
        using var output = new OutputWriter(context.Console.Output);
        CopySummary copied = report.Copied;
        if (!asJson)
        {
            output.Line(
                $"{target} holds {Words.Count(report.Records)} events as of commit {report.Lsn}, "
                + $"{Words.Count(report.LoggedCommits)} commits of them from the log");
            output.Line(
                $"copied {Words.Count(copied.FilesCopied)} files ({Words.Size(copied.BytesCopied)}), "
                + $"kept {Words.Count(copied.FilesKept)} ({Words.Size(copied.BytesKept)})");
            ExaminationText.WriteFindings(report.Findings, report.Findings.Count, output);
            return;
        }

        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("target", target);
            json.WriteNumber("lsn", report.Lsn.Value);
            json.WriteNumber("events", report.Records);
            json.WriteNumber("loggedCommits", report.LoggedCommits);
            json.WriteNumber("filesCopied", copied.FilesCopied);
            json.WriteNumber("bytesCopied", copied.BytesCopied);
            json.WriteNumber("filesKept", copied.FilesKept);
            json.WriteNumber("bytesKept", copied.BytesKept);
            ExaminationText.WriteFindings(json, "findings", report.Findings);
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
