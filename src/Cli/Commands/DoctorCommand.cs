using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise doctor</c>: examines every part of a store, also of one that will not open.</summary>
internal static class DoctorCommand
{
    private const string IndexesPrefix = "indexes/";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var repairs = new Option<bool>("--repair")
        {
            Description = "Rebuilds indexes with findings from the records. The store must not be open elsewhere.",
        };
        var quarantines = new Option<bool>("--quarantine")
        {
            Description = "Sets damaged record files aside, keeps what is readable of them, and rebuilds all indexes.",
        };
        var command = new Command(
            "doctor",
            "Examines every part of the store and whether they agree, without its lock. Exit 1 on any finding.")
        {
            repairs, quarantines,
        };
        command.SetAction((arguments, cancellation) => arguments.GetValue(quarantines)
            ? QuarantineAsync(context, arguments, cancellation)
            : RunAsync(context, arguments, arguments.GetValue(repairs), cancellation));
        return command;
    }

    /// <summary>The families of a report that have findings, or that keep the store from opening.</summary>
    internal static IReadOnlyList<string> DamagedFamilies(ExaminationReport report)
    {
        var damaged = new SortedSet<string>(StringComparer.Ordinal);
        foreach (ExaminedPart part in report.Parts)
        {
            if (part.Findings.Count > 0)
            {
                Add(part.Instance);
            }
        }

        foreach (FamilyAgreement family in report.Agreement?.Families ?? [])
        {
            if (family.Problems > 0)
            {
                damaged.Add(family.Family);
            }
        }

        Add(report.OpenFailure?.File ?? "");
        return [.. damaged];

        void Add(string path)
        {
            if (path.StartsWith(IndexesPrefix, StringComparison.Ordinal))
            {
                // The directory of a family that was exchanged has a number behind its name.
                damaged.Add(path.Split('/')[1].Split('.')[0]);
            }
        }
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, bool repairs, CancellationToken cancellation)
    {
        ExaminationReport report = await ExamineAsync(context, arguments, cancellation).ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        bool asJson = context.Options.Json(arguments);
        IReadOnlyList<string> families = repairs ? DamagedFamilies(report) : [];
        if (families.Count == 0)
        {
            Write(report, [], output, asJson);
            if (repairs && !report.IsClean)
            {
                await context.Console.Error.WriteLineAsync(
                    "mortise: nothing to repair: indexes can be rebuilt from records, the log and records cannot; "
                    + "see --quarantine")
                    .ConfigureAwait(false);
            }

            return report.IsClean ? ExitCode.Ok : ExitCode.Failed;
        }

        if (!asJson)
        {
            Write(report, [], output, asJson);
            output.Line("");
            output.Flush();
        }

        await RepairAsync(context, arguments, families, cancellation).ConfigureAwait(false);
        ExaminationReport after = await ExamineAsync(context, arguments, cancellation).ConfigureAwait(false);
        Write(after, families, output, asJson);
        return after.IsClean ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<int> QuarantineAsync(
        CommandContext context, ParseResult arguments, CancellationToken cancellation)
    {
        ComposedStore composed = StoreSession.ComposeExisting(context, arguments);
        QuarantineReport done = StoreQuarantine.Run(composed.Composition, cancellation);
        using var output = new OutputWriter(context.Console.Output);
        bool asJson = context.Options.Json(arguments);
        if (!asJson)
        {
            string records = done.Records.RecordsLost < 0
                ? "an unknown number of"
                : Words.Count(done.Records.RecordsLost);
            output.Line(done.Findings.Count == 0
                ? "nothing to set aside"
                : $"set {Words.Count(done.Records.FilesSetAside)} files aside; lost {records} records, "
                    + $"{Words.Size(done.Records.BytesLost)}");
            ExaminationText.WriteFindings(done.Findings, done.Findings.Count, output);
            output.Line("");
            output.Flush();
        }

        string[] families = [.. composed.Composition.Families.Select(static f => f.Name)];
        if (done.Findings.Count > 0)
        {
            await RepairAsync(context, arguments, families, cancellation).ConfigureAwait(false);
        }

        ExaminationReport after = await ExamineAsync(context, arguments, cancellation).ConfigureAwait(false);
        Write(after, done.Findings.Count > 0 ? families : [], output, asJson, done);
        return after.IsClean ? ExitCode.Ok : ExitCode.Failed;
    }

    private static ValueTask<ExaminationReport> ExamineAsync(
        CommandContext context, ParseResult arguments, CancellationToken cancellation)
    {
        ComposedStore composed = StoreSession.ComposeExisting(context, arguments);
        return StoreExamination.RunAsync(
            composed.Composition, StoreSession.Projections(composed), EventExamination.Check, cancellation);
    }

    private static async ValueTask RepairAsync(
        CommandContext context, ParseResult arguments, IReadOnlyList<string> families, CancellationToken cancellation)
    {
        ComposedStore composed = StoreSession.ComposeExisting(context, arguments);
        await using EventStore store = await EventStore.OpenAsync(
            composed.Composition with { RebuildFamilies = [.. families] }, StoreSession.Events(composed), cancellation)
            .ConfigureAwait(false);
        await store.CheckpointAsync(cancellation).ConfigureAwait(false);
    }

    private static void Write(
        ExaminationReport report, IReadOnlyList<string> repaired, OutputWriter output, bool asJson,
        QuarantineReport? quarantine = null)
    {
        if (asJson)
        {
            ExaminationText.WriteJson(report, repaired, output, quarantine);
            return;
        }

        if (repaired.Count > 0)
        {
            output.Line($"rebuilt from records: {string.Join(", ", repaired)}");
        }

        ExaminationText.Write(report, output);
    }
}
