using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Logging;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise wal</c>: shows and verifies the log, also of a store that will not open.</summary>
internal static class WalCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context) =>
        new("wal", "About the log. Takes no lock and does not open the store.")
        {
            CreateDump(context),
            CreateVerify(context),
        };

    private static Command CreateDump(CommandContext context)
    {
        var from = new Option<ulong>("--from")
        {
            Description = "The first commit to show.",
            HelpName = "LSN",
        };
        var to = new Option<ulong>("--to")
        {
            Description = "The last commit to show.",
            HelpName = "LSN",
            DefaultValueFactory = static _ => ulong.MaxValue,
        };
        var hex = new Option<bool>("--hex") { Description = "Adds the payload of each commit in hexadecimal." };
        var command = new Command("dump", "Shows the commits of the log; with --json an object a line.")
        {
            from, to, hex,
        };
        command.SetAction((arguments, cancellation) => Task.FromResult(Dump(
            context,
            arguments,
            new Lsn(arguments.GetValue(from)),
            new Lsn(arguments.GetValue(to)),
            arguments.GetValue(hex),
            cancellation)));
        return command;
    }

    private static Command CreateVerify(CommandContext context)
    {
        var command = new Command(
            "verify", "Verifies the log. Exit 1 on damage; what a crash left behind the last commit is none.");
        command.SetAction((arguments, cancellation) => Task.FromResult(Verify(context, arguments, cancellation)));
        return command;
    }

    private static int Dump(
        CommandContext context, ParseResult arguments, Lsn from, Lsn to, bool hex, CancellationToken cancellation)
    {
        if (to < from)
        {
            throw new BadInputException($"--to {to} is before --from {from}");
        }

        StoreComposition composition = StoreSession.ComposeExisting(context, arguments).Composition;
        using var output = new OutputWriter(context.Console.Output);
        bool asJson = context.Options.Json(arguments);
        bool isDamaged = false;
        using var reader = new CommitReader(composition);
        LogExamination.Dump(composition, from, to, Show, cancellation);
        return isDamaged ? ExitCode.Failed : ExitCode.Ok;

        bool Show(in LogDumpRecord record, ReadOnlySpan<byte> payload)
        {
            isDamaged |= record.State is LogDumpState.Damaged or LogDumpState.BehindDamage;
            if (asJson)
            {
                CommitText.WriteJson(record, payload, reader, hex, output);
            }
            else
            {
                CommitText.Write(record, payload, reader, hex, output);
            }

            return true;
        }
    }

    private static int Verify(CommandContext context, ParseResult arguments, CancellationToken cancellation)
    {
        LogVerification found = LogExamination.Verify(
            StoreSession.ComposeExisting(context, arguments).Composition, cancellation);
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(found, output);
        }
        else
        {
            Write(found, output);
        }

        return found.Findings.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Write(LogVerification found, OutputWriter output)
    {
        output.Line(found.Records == 0
            ? "no commits"
            : $"{Words.Count(found.Records)} commits, {found.FirstLsn} to {found.LastLsn}");
        IReadOnlyList<string> notes = found.Summary?.Notes
            ?? ["the manifest cannot be read: file headers were not compared with it"];
        foreach (string note in notes)
        {
            output.Line($"    {note}");
        }

        foreach (LogDumpRecord torn in found.Torn)
        {
            output.Line($"torn: {torn.File}, offset {torn.Offset}: {torn.Note}; not damage, opening cuts it");
        }

        if (found.BodiesTornFrom != Lsn.None)
        {
            output.Line($"torn: the bodies of commit {found.BodiesTornFrom} in the records; not damage, opening gives it up with "
                + "all behind it");
        }

        ExaminationText.WriteFindings(found.Findings, found.Findings.Count, output);
        output.Line(found.Findings.Count == 0 ? "no damage" : $"damaged: {found.Findings.Count} findings");
    }

    private static void WriteJson(LogVerification found, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteBoolean("damaged", found.Findings.Count > 0);
            json.WriteNumber("commits", found.Records);
            json.WriteNumber("firstLsn", found.FirstLsn.Value);
            json.WriteNumber("lastLsn", found.LastLsn.Value);
            if (found.BodiesTornFrom != Lsn.None)
            {
                json.WriteNumber("bodiesTornFrom", found.BodiesTornFrom.Value);
            }

            json.WriteStartArray("torn");
            foreach (LogDumpRecord torn in found.Torn)
            {
                json.WriteStartObject();
                json.WriteString("file", torn.File);
                json.WriteNumber("offset", torn.Offset);
                json.WriteString("note", torn.Note);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            ExaminationText.WriteFindings(json, "findings", found.Findings);
            json.WriteEndObject();
        }

        output.EndLine();
    }
}
