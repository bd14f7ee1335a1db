using System.Text.Json;

namespace Mortise.Architecture.Tests;

/// <summary>What the build puts into <c>artifacts/plugins</c> is what a host can be pointed at.</summary>
public sealed class StagedPluginTests
{
    private static readonly string s_stage = Path.Combine(Repository.Root, "artifacts", "plugins");

    public static TheoryData<string> Plugins => [.. Repository.Projects("plugins")];

    [Theory]
    [MemberData(nameof(Plugins))]
    public void The_contract_is_not_beside_a_plugin(string project) =>
        Assert.False(File.Exists(Path.Combine(Folder(project), "Mortise.Abstractions.dll")));

    [Theory]
    [MemberData(nameof(Plugins))]
    public void Whatever_a_plugin_needs_is_in_its_folder_in_the_contract_or_in_the_runtime(string project)
    {
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string[] managed = [.. Directory.GetFiles(Folder(project), "*.dll").Where(AssemblyFacts.IsManaged)];
        Assert.NotEmpty(managed);
        Findings.None(
            from file in managed
            from reference in AssemblyFacts.Read(file).References
            where reference != "Mortise.Abstractions"
                && !File.Exists(Path.Combine(Folder(project), reference + ".dll"))
                && !File.Exists(Path.Combine(runtime, reference + ".dll"))
            select $"{Path.GetFileName(file)} needs {reference}");
    }

    [Theory]
    [MemberData(nameof(Plugins))]
    public void The_manifest_names_the_version_of_the_folder_and_an_assembly_that_is_there(string project)
    {
        string folder = Folder(project);
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "plugin.json")));
        JsonElement root = manifest.RootElement;
        Assert.Equal(Path.GetFileName(folder), root.GetProperty("version").GetString());
        Assert.Equal(project + ".dll", root.GetProperty("assembly").GetString());
        Assert.True(File.Exists(Path.Combine(folder, project + ".dll")));
        Assert.Matches("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", root.GetProperty("id").GetString());
        Assert.NotEqual("", root.GetProperty("summary").GetString());
    }

    private static string Folder(string project)
    {
        string source = Repository.FilesEndingIn($"/{project}.csproj").Single();
        string stage = Path.Combine(s_stage, source.Split('/')[^2]);
        Assert.True(Directory.Exists(stage), $"{stage} is missing; build the solution first");
        return Directory.GetDirectories(stage).Single();
    }
}
