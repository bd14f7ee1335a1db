using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Host.Composition;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise stack</c>: checks a stack and shows what is in force, without opening a store.</summary>
internal static class StackCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var validate = new Command("validate", "Checks the stack and loads what it names; says all that is wrong.");
        validate.SetAction(arguments =>
        {
            ResolvedStack stack = Resolve(context, arguments);
            context.Console.Error.WriteLine($"{stack.Source.Origin}: ok, {stack.Families.Count} index families");
            return ExitCode.Ok;
        });
        var show = new Command("show", "Prints every value in force, and where it was written; a stack itself.");
        show.SetAction(arguments =>
        {
            using var output = new OutputWriter(context.Console.Output);
            output.Write(StackView.Write(Resolve(context, arguments), withOrigins: true));
            return ExitCode.Ok;
        });
        return new Command("stack", "About the stack.") { validate, show, StackApplyCommand.Create(context) };
    }

    private static ResolvedStack Resolve(CommandContext context, ParseResult arguments) =>
        StoreSession.CreateHost(context, arguments)
            .Resolve(StoreSession.ReadStack(context, arguments, context.Options.Data(arguments)));
}
