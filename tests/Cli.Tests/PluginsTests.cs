using System.Security.Cryptography;
using System.Text.Json;

namespace Mortise.Cli.Tests;

/// <summary>The operator's whole way with a plugin: add, trust, verify, why, doctor, remove.</summary>
public sealed class PluginsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_plugin_is_added_trusted_verified_and_removed()
    {
        string root = _folder.File("plugins");
        string source = Directory.GetDirectories(Path.Combine(Surroundings.Plugins, "Partitioning"))[0];
        ToolRun added = await RunAsync(root, "add", source);
        Assert.True(added.Exit == ExitCode.Ok, added.Error);
        Assert.Contains("installed in", added.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "verify")).Exit);
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "trust", "mortise.partitioning")).Exit);
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "why", "mortise.partition.time")).Exit);

        // One byte of a private dependency is another plugin.
        string installed = Directory.GetDirectories(Path.Combine(root, "mortise.partitioning"))[0];
        string dependency = Path.Combine(installed, "Mortise.Primitives.dll");
        await using (FileStream file = File.OpenWrite(dependency))
        {
            file.Position = file.Length;
            file.WriteByte(0);
        }

        ToolRun verify = await RunAsync(root, "verify");
        Assert.Equal(ExitCode.Failed, verify.Exit);
        Assert.Contains("has other files than those that were trusted", verify.Text, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, (await RunAsync(root, "why", "mortise.partition.time")).Exit);
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "trust", "mortise.partitioning")).Exit);
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "verify")).Exit);
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "remove", "mortise.partitioning")).Exit);
        ToolRun gone = await RunAsync(root, "remove", "mortise.partitioning");
        Assert.Equal(ExitCode.BadInput, gone.Exit);
        Assert.Contains("no plugin 'mortise.partitioning' is installed", gone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_publisher_signs_and_an_operator_trusts_the_publisher()
    {
        string root = _folder.File("plugins");
        string built = _folder.File("built");
        Directory.CreateDirectory(built);
        foreach (string file in Directory.GetFiles(Directory.GetDirectories(Path.Combine(Surroundings.Plugins, "Partitioning"))[0]))
        {
            File.Copy(file, Path.Combine(built, Path.GetFileName(file)));
        }

        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string key = _folder.File("key.pem");
        string publicKey = _folder.File("key.pub");
        await File.WriteAllTextAsync(key, pair.ExportPkcs8PrivateKeyPem());
        await File.WriteAllTextAsync(publicKey, pair.ExportSubjectPublicKeyInfoPem());
        string package = _folder.File("acme.signed.nupkg");
        string assembly = Path.Combine(built, "Mortise.Partitioning.dll");
        (await RunAsync(root, "describe", assembly, "--id", "acme.signed", "--version", "1.0.0")).Succeeded();
        Assert.Contains("signed by ", (await RunAsync(root, "sign", built, "--key", key)).Succeeded().Error, StringComparison.Ordinal);
        (await RunAsync(root, "pack", built, package)).Succeeded();
        (await RunAsync(root, "add", package)).Succeeded();

        string trusted = (await RunAsync(root, "trust", "acme.*", "--publisher", publicKey)).Succeeded().Error;
        (await RunAsync(root, "verify")).Succeeded();
        string installed = Path.Combine(root, "acme.signed", "1.0.0", "Mortise.Primitives.dll");
        byte[] bytes = await File.ReadAllBytesAsync(installed);
        await File.WriteAllBytesAsync(installed, [.. bytes, 0]);
        Assert.Equal(ExitCode.Failed, (await RunAsync(root, "verify")).Exit);
        await File.WriteAllBytesAsync(installed, bytes);
        (await RunAsync(root, "verify")).Succeeded();

        // Nobody signs for all, and a key that is forgotten signs for nobody.
        Assert.Equal(ExitCode.BadInput, (await RunAsync(root, "trust", "*", "--publisher", publicKey)).Exit);
        Assert.Equal(ExitCode.BadInput, (await RunAsync(root, "trust", "acme.*", "--publisher", assembly)).Exit);
        Assert.Equal(ExitCode.BadInput, (await RunAsync(root, "trust")).Exit);
        string id = trusted.Trim().Split(' ')[^1];
        (await RunAsync(root, "trust", "--forget-publisher", id)).Succeeded();
        Assert.Equal(ExitCode.Failed, (await RunAsync(root, "verify")).Exit);
        Assert.Equal(ExitCode.BadInput, (await RunAsync(root, "trust", "--forget-publisher", id)).Exit);
    }

    [Fact]
    public async Task An_explanation_shows_every_assembly_and_one_on_request()
    {
        ToolRun why = (await ToolRun.OfAsync("plugins", "why", "mortise.btree")).Succeeded();
        Assert.Contains("  contract   ^1.", why.Text, StringComparison.Ordinal);
        ToolRun one = (await ToolRun.OfAsync("plugins", "why", "mortise.btree", "--assembly", "Mortise.Abstractions")).Succeeded();
        Assert.Contains("contract, 1.", Assert.Single(one.Lines), StringComparison.Ordinal);
        ToolRun unknown = await ToolRun.OfAsync("plugins", "why", "mortise.btre");
        Assert.Equal(ExitCode.Failed, unknown.Exit);
        Assert.Contains("did you mean 'mortise.btree'?", unknown.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_knows_what_is_installed()
    {
        ToolRun schema = (await ToolRun.OfAsync("plugins", "schema")).Succeeded();
        using JsonDocument read = JsonDocument.Parse(schema.Output);
        Assert.True(read.RootElement.GetProperty("properties").TryGetProperty("indexes", out _));
        Assert.Contains("mortise.btree", schema.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_loads_each_plugin_in_a_process_of_its_own()
    {
        string root = _folder.File("plugins");
        string source = Directory.GetDirectories(Path.Combine(Surroundings.Plugins, "Partitioning"))[0];
        Assert.Equal(ExitCode.Ok, (await RunAsync(root, "add", source)).Exit);
        ToolRun doctor = await RunAsync(root, "doctor", "--json");
        Assert.True(doctor.Exit == ExitCode.Ok, doctor.Text + doctor.Error);
        using JsonDocument verdicts = JsonDocument.Parse(doctor.Output);
        Assert.Equal(0, Assert.Single(verdicts.RootElement.EnumerateArray()).GetProperty("problems").GetArrayLength());
        string installed = Directory.GetDirectories(Path.Combine(root, "mortise.partitioning"))[0];
        File.Delete(Path.Combine(installed, "Mortise.Partitioning.dll"));
        ToolRun ill = await RunAsync(root, "doctor");
        Assert.Equal(ExitCode.Failed, ill.Exit);
        Assert.Contains("Mortise.Partitioning.dll", ill.Text, StringComparison.Ordinal);
    }

    private static async Task<ToolRun> RunAsync(string root, params string[] words)
    {
        using var output = new MemoryStream();
        await using var error = new StringWriter();
        var console = new ToolConsole(new MemoryStream(), output, error, showsProgress: false);
        int exit = await MortiseTool.RunAsync(["plugins", .. words, "--plugins", root], console);
        return new ToolRun(exit, output.ToArray(), error.ToString());
    }
}
