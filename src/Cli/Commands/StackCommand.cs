using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise stack</c>: checks a stack and shows what is in force, without opening a store.</summary>
internal static class StackCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var validate = new Command("validate", "Checks the stack and loads what it names; says all that is wrong.");
        validate.SetAction((arguments, _) => ValidateAsync(context, arguments));
        var show = new Command("show", "Prints every value in force, and where it was written; a stack itself.");
        show.SetAction((arguments, _) => ShowAsync(context, arguments));
        return new Command("stack", "About the stack.") { validate, show, StackApplyCommand.Create(context) };
    }

    private static async Task<int> ValidateAsync(CommandContext context, ParseResult arguments)
    {
        try
        {
            ResolvedStack stack = Resolve(context, arguments);
            foreach (string fallback in stack.Fallbacks)
            {
                await context.Console.Error.WriteLineAsync($"mortise: {fallback}").ConfigureAwait(false);
            }

            await Report.WriteAsync(
                context,
                arguments,
                $"{stack.Source.Origin}: ok, {stack.Families.Count} index families",
                json =>
                {
                    json.WriteBoolean("ok", true);
                    json.WriteStartArray("fallbacks");
                    foreach (string fallback in stack.Fallbacks)
                    {
                        json.WriteStringValue(fallback);
                    }

                    json.WriteEndArray();
                    WriteParts(json, stack);
                }).ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (StackException e) when (context.Options.Json(arguments))
        {
            await Report.WriteAsync(context, arguments, e.Message, json =>
            {
                json.WriteBoolean("ok", false);
                json.WriteStartArray("problems");
                foreach (Problem problem in e.Problems)
                {
                    json.WriteStartObject();
                    json.WriteString("code", problem.Code.ToString());
                    json.WriteString("at", problem.At.ToString());
                    json.WriteString("message", problem.Message);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }).ConfigureAwait(false);
            return ExitCode.BadInput;
        }
    }

    private static async Task<int> ShowAsync(CommandContext context, ParseResult arguments)
    {
        ResolvedStack stack = Resolve(context, arguments);
        string text = StackView.Write(stack, withOrigins: true);
        if (!context.Options.Json(arguments))
        {
            using var output = new OutputWriter(context.Console.Output);
            output.Write(text);
            return ExitCode.Ok;
        }

        await Report.WriteAsync(context, arguments, text, json =>
        {
            WriteParts(json, stack);
            json.WriteString("yaml", text);
        }).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private static void WriteParts(Utf8JsonWriter json, ResolvedStack stack)
    {
        json.WriteString("stack", stack.Source.Origin);
        WritePart(json, "wal", stack.Log);
        WritePart(json, "records", stack.Records);
        if (stack.Cache is { } cache)
        {
            WritePart(json, "cache", cache);
        }

        json.WriteStartObject("indexes");
        foreach (ResolvedFamily family in stack.Families)
        {
            json.WriteStartObject(family.Name);
            json.WriteString("projection", family.Projection);
            json.WriteString("partition", family.Partition);
            WriteComponent(json, family.Structure);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, string role, ResolvedComponent part)
    {
        json.WriteStartObject(role);
        WriteComponent(json, part);
        json.WriteEndObject();
    }

    private static void WriteComponent(Utf8JsonWriter json, ResolvedComponent part)
    {
        json.WriteString("component", part.Component.Descriptor.Id);
        json.WriteString("version", part.Component.Identity.PluginVersion);
    }

    private static ResolvedStack Resolve(CommandContext context, ParseResult arguments) =>
        StoreSession.CreateHost(context, arguments)
            .Resolve(StoreSession.ReadStack(context, arguments, context.Options.Data(arguments)));
}
