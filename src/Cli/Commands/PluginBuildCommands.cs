using System.CommandLine;
using System.Security.Cryptography;
using Mortise.Host.Installing;
using Mortise.Host.Loading;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise plugins describe</c> and <c>pack</c>: what a plugin's build runs.</summary>
internal static class PluginBuildCommands
{
    /// <summary>Writes plugin.json from what the assembly registers.</summary>
    public static Command Describe(CommandContext context)
    {
        var assembly = new Argument<string>("ASSEMBLY") { Description = "The plugin's .dll among all its files." };
        var id = new Option<string>("--id") { Description = "The plugin's id, for example acme.trie.", Required = true };
        var version = new Option<string>("--version") { Description = "Its semantic version.", Required = true };
        var summary = new Option<string>("--summary") { Description = "One line for a person." };
        var contract = new Option<string>("--contract")
        {
            Description = "The versions of the contract that it works with. Without it: this tool's, up to the next "
                + "major.",
        };
        var status = new Option<PluginStatus>("--status")
        {
            Description = "How far its author vouches for it.",
            DefaultValueFactory = static _ => PluginStatus.Unstated,
        };
        var command = new Command(
            "describe", "Writes plugin.json beside a plugin's assembly, from what it registers. Runs its registration.")
        {
            assembly, id, version, summary, contract, status,
        };
        command.SetAction(arguments =>
        {
            string path = new ManifestWriter
            {
                Id = arguments.GetRequiredValue(id),
                Version = arguments.GetRequiredValue(version),
                Summary = arguments.GetValue(summary) ?? "",
                Contract = arguments.GetValue(contract),
                Status = arguments.GetValue(status),
            }.Write(arguments.GetRequiredValue(assembly));
            context.Console.Error.WriteLine($"wrote {path}");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Signs a plugin's folder.</summary>
    public static Command Sign(CommandContext context)
    {
        var folder = new Argument<string>("FOLDER") { Description = "The plugin's folder, plugin.json included." };
        var key = new Option<string>("--key")
        {
            Description = "The private key, in PEM: ECDSA or RSA.",
            HelpName = "KEY.pem",
            Required = true,
        };
        var command = new Command(
            "sign", "Signs a plugin's manifest, and with it the hash of every file; before it is "
                + "packed.") { folder, key };
        command.SetAction(arguments =>
        {
            string file = arguments.GetRequiredValue(key);
            try
            {
                PublisherKey publisher = PluginSignature.Sign(arguments.GetRequiredValue(folder), File.ReadAllText(file));
                context.Console.Error.WriteLine($"signed by {publisher.Id}");
            }
            catch (CryptographicException e)
            {
                throw new BadInputException($"{file}: {e.Message}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Packs a plugin's folder.</summary>
    public static Command Pack(CommandContext context)
    {
        var folder = new Argument<string>("FOLDER") { Description = "The plugin's folder, plugin.json included." };
        var file = new Argument<string>("FILE") { Description = "The .nupkg to write." };
        var command = new Command(
            "pack", "Packs a plugin's folder for 'plugins add'. The same folder gives the same "
                + "bytes.") { folder, file };
        command.SetAction(arguments =>
        {
            PackageWriter.Write(arguments.GetRequiredValue(folder), arguments.GetRequiredValue(file));
            context.Console.Error.WriteLine($"wrote {arguments.GetRequiredValue(file)}");
            return ExitCode.Ok;
        });
        return command;
    }
}
