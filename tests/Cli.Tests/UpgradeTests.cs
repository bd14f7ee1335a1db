using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mortise.Cli.Tests;

/// <summary>H32: <c>mortise upgrade</c> over a store of which a manifest says that files are older.</summary>
public sealed class UpgradeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_of_today_has_nothing_to_upgrade()
    {
        await StoreFixture.FillAsync(_folder, 50);
        ToolRun run = (await ToolRun.OfAsync("upgrade", "--data", _folder.Data)).Succeeded();
        Assert.Equal(["every part is of the format that its plugin writes"], run.Lines);
    }

    [Fact]
    public async Task Indexes_of_an_older_format_are_said_then_built_anew_and_said_no_more()
    {
        await StoreFixture.FillAsync(_folder, 200);
        Age("tag", "kind-time");
        string[] before = (await ToolRun.OfAsync("export", "--data", _folder.Data)).Succeeded().Lines;
        ToolRun rehearsal = (await ToolRun.OfAsync("upgrade", "--dry-run", "--data", _folder.Data)).Succeeded();
        Assert.Equal(
            ["indexes/kind-time: mortise-btree 1 would become 3", "indexes/tag: mortise-btree 1 would become 3"],
            rehearsal.Lines.Order());
        ToolRun run = (await ToolRun.OfAsync("upgrade", "--data", _folder.Data)).Succeeded();
        Assert.Equal(
            ["indexes/kind-time: mortise-btree 1 became 3", "indexes/tag: mortise-btree 1 became 3"], run.Lines.Order());
        JsonElement again = await StoreFixture.JsonAsync(ExitCode.Ok, "upgrade", "--data", _folder.Data);
        Assert.Equal("""{"done":[],"left":[]}""", again.GetRawText().ReplaceLineEndings(""));
        Assert.Equal(before, (await ToolRun.OfAsync("export", "--data", _folder.Data)).Succeeded().Lines);
        (await ToolRun.OfAsync("doctor", "--data", _folder.Data)).Succeeded();
    }

    /// <summary>Says in the manifest that families were written by the version before. Their plugin reads that, so what
    /// is there is in order.</summary>
    private void Age(params string[] families)
    {
        string path = Path.Combine(_folder.Data, "manifest");
        string text = File.ReadAllText(path);
        JsonNode manifest = JsonNode.Parse(text[text.IndexOf('\n', StringComparison.Ordinal)..])!;
        foreach (JsonNode? family in manifest["families"]!.AsArray())
        {
            if (families.Contains(family!["name"]!.GetValue<string>()))
            {
                family["structure"]!["formatVersion"] = 1;
            }
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest);
        uint checksum = uint.MaxValue;
        foreach (byte b in json)
        {
            checksum = System.Numerics.BitOperations.Crc32C(checksum, b);
        }

        // As a manifest of the version before would be.
        File.WriteAllBytes(path, [.. System.Text.Encoding.ASCII.GetBytes($"mortise-manifest 4 {~checksum:x8}\n"), .. json]);
    }
}
