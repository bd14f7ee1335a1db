using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Engine;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise upgrade</c>: brings the files of every part to the format version that its plugin
/// writes.</summary>
internal static class UpgradeCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var rehearses = new Option<bool>("--dry-run") { Description = "Says what there is to do, and does nothing." };
        var command = new Command(
            "upgrade",
            "Brings the files of every part to the format version that its plugin writes now. Can be stopped and run "
            + "again; there is no way back to an older version of a plugin.") { rehearses };
        command.SetAction((arguments, cancellation) => RunAsync(
            context, arguments, arguments.GetValue(rehearses), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, bool isRehearsal, CancellationToken cancellation)
    {
        await using StoreSession session = isRehearsal
            ? await StoreSession.OpenUntouchedAsync(context, arguments, cancellation).ConfigureAwait(false)
            : await StoreSession.OpenExistingAsync(context, arguments, cancellation).ConfigureAwait(false);
        StoreEngine engine = session.Store.Engine;
        UpgradeReport report = isRehearsal
            ? new UpgradeReport { Done = [], Left = engine.GetUpgrades() }
            : await engine.UpgradeAsync(new Shown(context.Console.Error), cancellation).ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(report, output);
            return ExitCode.Ok;
        }

        foreach (PartUpgrade done in report.Done)
        {
            output.Line($"{done.Part}: {done.Format} {done.From} became {done.To}");
        }

        foreach (PartUpgrade left in report.Left)
        {
            output.Line(isRehearsal
                ? $"{left.Part}: {left.Format} {left.From} would become {left.To}"
                : $"{left.Part}: {left.Format} {left.From} is still there, in the file that is being written; run this "
                    + "again when it has ended");
        }

        if (report.Done.Count + report.Left.Count == 0)
        {
            output.Line("every part is of the format that its plugin writes");
        }

        return ExitCode.Ok;
    }

    private static void WriteJson(UpgradeReport report, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            foreach ((string name, IReadOnlyList<PartUpgrade> parts) in
                ((string, IReadOnlyList<PartUpgrade>)[])[("done", report.Done), ("left", report.Left)])
            {
                json.WriteStartArray(name);
                foreach (PartUpgrade part in parts)
                {
                    json.WriteStartObject();
                    json.WriteString("part", part.Part);
                    json.WriteString("format", part.Format);
                    json.WriteNumber("from", part.From);
                    json.WriteNumber("to", part.To);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        output.EndLine();
    }

    private sealed class Shown(TextWriter error) : IProgress<PartUpgrade>
    {
        public void Report(PartUpgrade value) =>
            error.WriteLine($"{value.Part}: {value.Format} {value.From} to {value.To} ...");
    }
}
