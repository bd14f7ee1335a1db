using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Commands;

namespace Mortise.Cli.Output;

/// <summary>Says what a command did: a line on standard error for people, or with <c>--json</c> one object on standard
/// output for programs.</summary>
internal static class Report
{
    /// <summary>Writes one of the two.</summary>
    /// <param name="context">The tool.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="line">For people.</param>
    /// <param name="fields">Writes the fields of the object.</param>
    public static async Task WriteAsync(
        CommandContext context, ParseResult arguments, string line, Action<Utf8JsonWriter> fields)
    {
        if (!context.Options.Json(arguments))
        {
            await context.Console.Error.WriteLineAsync(line).ConfigureAwait(false);
            return;
        }

        using var output = new OutputWriter(context.Console.Output);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        output.EndLine();
    }
}
