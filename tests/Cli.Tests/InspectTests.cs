using System.Text.Json;

namespace Mortise.Cli.Tests;

/// <summary>H33: a store can be looked at when a plugin that it needs is not there.</summary>
public sealed class InspectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_without_one_of_its_plugins_says_what_is_missing_and_goes_on_when_it_is_there()
    {
        await StoreFixture.FillAsync(_folder, 50);
        ToolRun whole = (await ToolRun.OfAsync("inspect", "--data", _folder.Data)).Succeeded();
        Assert.Contains("wal ", whole.Text, StringComparison.Ordinal);
        Assert.Contains("by mortise.segments 1.0.0", whole.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("MISSING", whole.Text, StringComparison.Ordinal);
        string events = (await ToolRun.OfAsync("count", "{}", "--data", _folder.Data)).Succeeded().Text;
        Dictionary<string, string> before = StoreFixture.Files(_folder.Data);

        string some = PluginsWithout("BTreeIndex");
        ToolRun missing = await ToolRun.WithPluginsAsync(some, "inspect", "--data", _folder.Data);
        Assert.Equal(ExitCode.Failed, missing.Exit);
        Assert.Contains(
            "MISSING: no installed plugin has mortise.btree; get mortise.btree-index 1.0.0 and install it: "
            + "mortise plugins add mortise.btree-index.1.0.0.nupkg",
            missing.Text,
            StringComparison.Ordinal);
        Assert.Contains("indexes/author-time", missing.Text, StringComparison.Ordinal);
        ToolRun refused = await ToolRun.WithPluginsAsync(some, "count", "{}", "--data", _folder.Data);
        Assert.Equal(ExitCode.BadInput, refused.Exit);
        Assert.Contains("which no plugin has", refused.Error, StringComparison.Ordinal);

        ToolRun json = await ToolRun.WithPluginsAsync(some, "inspect", "--json", "--data", _folder.Data);
        JsonElement[] parts =
            [.. JsonDocument.Parse(json.Output).RootElement.GetProperty("parts").EnumerateArray()];
        Assert.Equal(11, parts.Length);
        Assert.Equal(
            9, parts.Count(static p => p.GetProperty("obstacle").ValueKind == JsonValueKind.String));
        Assert.All(parts[..3], static p => Assert.True(p.GetProperty("bytes").GetInt64() > 0));

        // Looking changes nothing, and with the plugin back the store is whole.
        Assert.Equal(before, StoreFixture.Files(_folder.Data));
        Assert.Equal(events, (await ToolRun.OfAsync("count", "{}", "--data", _folder.Data)).Succeeded().Text);
    }

    [Fact]
    public async Task A_damaged_or_missing_manifest_is_said()
    {
        Directory.CreateDirectory(_folder.Data);
        ToolRun empty = await ToolRun.OfAsync("inspect", "--data", _folder.Data);
        Assert.Equal(ExitCode.Failed, empty.Exit);
        Assert.Contains("there is no manifest", empty.Text, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder.Data, "manifest"), "mortise-manifest 2 00000000\n{}");
        ToolRun damaged = await ToolRun.OfAsync("inspect", "--data", _folder.Data);
        Assert.Contains("the manifest cannot be read", damaged.Text, StringComparison.Ordinal);
        Assert.Contains("--quarantine", damaged.Text, StringComparison.Ordinal);
    }

    private string PluginsWithout(string name)
    {
        string some = _folder.File("plugins");
        foreach (string file in Directory.GetFiles(Surroundings.Plugins, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(Surroundings.Plugins, file);
            if (!relative.StartsWith(name + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                string to = Path.Combine(some, relative);
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }
        }

        return some;
    }
}
