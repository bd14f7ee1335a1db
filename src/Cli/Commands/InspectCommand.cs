using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Files;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise inspect</c>: what a store is made of, also when a plugin that it needs is not there.</summary>
internal static class InspectCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var command = new Command(
            "inspect",
            "Shows who wrote each part of the store and who could read it here. Loads no plugin, takes no lock, "
            + "changes nothing. Exit 1 when a part cannot be read here.");
        command.SetAction(arguments => Run(context, arguments));
        return command;
    }

    private static int Run(CommandContext context, ParseResult arguments)
    {
        string data = context.Options.Data(arguments);
        if (!Directory.Exists(data))
        {
            throw new BadInputException($"there is no store in '{data}'");
        }

        MortiseHost host = StoreSession.CreateHost(context, arguments);
        StoreInspection inspection = StoreInspection.Of(
            PosixDirectory.OpenRoot(data), host.Discover(StackOrNull(context, arguments, data)));
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(inspection, output);
        }
        else
        {
            WriteTable(inspection, output);
        }

        return inspection.Manifest is not null && inspection.Parts.All(static p => p.Obstacle is null)
            ? ExitCode.Ok
            : ExitCode.Failed;
    }

    /// <summary>The stack may name further folders of plugins; when it cannot be read, the store still can be looked
    /// at.</summary>
    private static StackFile? StackOrNull(CommandContext context, ParseResult arguments, string data)
    {
        try
        {
            return StoreSession.ReadStack(context, arguments, data);
        }
        catch (Exception e) when (e is IOException or StackException)
        {
            context.Console.Error.WriteLine($"mortise: the stack is not read: {e.Message}");
            return null;
        }
    }

    private static void WriteTable(StoreInspection inspection, OutputWriter output)
    {
        if (inspection.Manifest is not { } manifest)
        {
            output.Line(inspection.Damage is { } damage
                ? $"the manifest cannot be read: {damage.Message}; mortise doctor --quarantine makes a new one"
                : "there is no manifest: nothing was ever stored here, or it is lost");
            return;
        }

        output.Line($"store    {manifest.StoreId}, manifest format {StoreManifest.CurrentFormatVersion} or older"
            + (manifest.IsCopy ? ", a copy that was never opened" : ""));
        output.Line($"commits  {Words.Count((long)manifest.CheckpointLsn)} at the last checkpoint");
        foreach (InspectedPart part in inspection.Parts)
        {
            ManifestPart writer = part.Writer;
            string format = writer.FormatName.Length == 0 ? "no files" : $"{writer.FormatName} {writer.FormatVersion}";
            output.Line(
                $"{part.Instance,-26} {Words.Size(part.Bytes),10} in {Words.Count(part.Files),4} files, {format}, by "
                + $"{writer.PluginId} {writer.PluginVersion}");
            output.Line(part.Obstacle is { } obstacle
                ? $"    MISSING: {obstacle}"
                : $"    read by {part.Reader} in {part.Reader!.Folder}");
        }
    }

    private static void WriteJson(StoreInspection inspection, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("damage", inspection.Damage?.Message);
            json.WriteString("store", inspection.Manifest?.StoreId.ToString());
            if (inspection.Manifest is { } manifest)
            {
                json.WriteNumber("checkpointLsn", manifest.CheckpointLsn);
            }

            json.WriteStartArray("parts");
            foreach (InspectedPart part in inspection.Parts)
            {
                json.WriteStartObject();
                json.WriteString("instance", part.Instance);
                json.WriteString("component", part.Writer.ComponentId);
                json.WriteString("plugin", part.Writer.PluginId);
                json.WriteString("version", part.Writer.PluginVersion);
                json.WriteString("format", part.Writer.FormatName);
                json.WriteNumber("formatVersion", part.Writer.FormatVersion);
                json.WriteNumber("files", part.Files);
                json.WriteNumber("bytes", part.Bytes);
                json.WriteString("readBy", part.Reader?.ToString());
                json.WriteString("obstacle", part.Obstacle);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.EndLine();
    }
}
