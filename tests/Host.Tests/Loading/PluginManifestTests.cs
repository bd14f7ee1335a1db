using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Tests.Loading;

public sealed class PluginManifestTests
{
    private const string Good = """
        {
          "id": "acme.trie",
          "version": "1.2.0-beta.1",
          "assembly": "Acme.Trie.dll",
          "contract": ">=1.0 <2",
          "summary": "A trie.",
          "components": [
            { "id": "acme.trie", "kind": "index", "format": "acme-trie", "formatVersion": 3, "oldestReadable": 2 }
          ]
        }
        """;

    [Fact]
    public void A_manifest_is_read_whole()
    {
        var problems = new List<Problem>();
        PluginManifest manifest = PluginManifest.Parse("plugin.json", Encoding.UTF8.GetBytes(Good), problems)!;
        Assert.Empty(problems);
        Assert.Equal("acme.trie", manifest.Id);
        Assert.Equal("1.2.0-beta.1", manifest.Version.ToNormalizedString());
        ComponentDeclaration component = Assert.Single(manifest.Components);
        Assert.Equal((ComponentKind.Index, "acme-trie", 3, 2), (component.Kind, component.Format, component.FormatVersion, component.OldestReadable));
    }

    [Theory]
    [InlineData("\"id\": \"acme.trie\",\n  \"version\"", "\"idd\": \"acme.trie\",\n  \"version\"", "plugin.json:2:3: unknown key 'idd' in plugin.json; did you mean 'id'? known: assembly, components, contract, files, id, posture, status, summary, version|plugin.json:1:1: missing key 'id' in plugin.json: text")]
    [InlineData("1.2.0-beta.1", "1.2", "plugin.json:3:14: '1.2' is not a semantic version such as 1.2.0")]
    [InlineData(">=1.0 <2", "*", "plugin.json:5:15: '*' names no version; name a major, for example ^1.0")]
    [InlineData("\"Acme.Trie.dll\"", "\"../Acme.Trie.dll\"", "plugin.json:4:15: '../Acme.Trie.dll' is not the name of a .dll in the plugin's own folder")]
    [InlineData("\"index\"", "\"tree\"", "plugin.json:8:34: plugin.json.components[0].kind is 'tree' in quotes, not one of log, records, index, cache, partition")]
    [InlineData("\"formatVersion\": 3", "\"formatVersion\": \"3\"", "plugin.json:8:83: plugin.json.components[0].formatVersion is '3' in quotes, not a whole number")]
    [InlineData("\"formatVersion\": 3", "\"formatVersion\": 1", "plugin.json:7:17: component 'acme.trie' writes format 1 and reads from 2; it must read what it writes")]
    [InlineData("\"summary\"", "\"id\": \"b\", \"summary\"", "plugin.json:6:3: key 'id' stands here twice; the first is at plugin.json:2:3")]
    [InlineData("\"acme.trie\",", "\"Acme.Trie\",", "plugin.json:2:9: 'Acme.Trie' is not an id: parts of a-z, 0-9 and '-' joined by dots")]
    [InlineData("\"A trie.\",", "\"A trie.\",,", "plugin.json:6:24: not JSON: ")]
    [InlineData("\"A trie.\",", "\"A trie.\", // why", "plugin.json:6:25: not JSON: ")]
    public void What_is_wrong_is_said_with_its_place(string from, string to, string expected)
    {
        var problems = new List<Problem>();
        string text = Replace(Good, from, to);
        Assert.Null(PluginManifest.Parse("plugin.json", Encoding.UTF8.GetBytes(text), problems));
        string[] lines = expected.Split('|');
        Assert.Equal(lines.Length, problems.Count);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.StartsWith(lines[i], problems[i].ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Hostile_bytes_are_a_problem_and_never_another_exception()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int s) ? s : 11;
        var random = new Random(seed);
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Good);
            for (int edits = random.Next(1, 6); edits > 0; edits--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var problems = new List<Problem>();
            PluginManifest? manifest = PluginManifest.Parse("plugin.json", bytes.AsSpan(0, random.Next(bytes.Length)), problems);
            Assert.True((manifest is null) == (problems.Count > 0), $"seed {seed}, round {round}");
        }

        var deep = new List<Problem>();
        Assert.Null(PluginManifest.Parse("plugin.json", Encoding.UTF8.GetBytes(new string('[', 30_000)), deep));
        Assert.Single(deep);
        var large = new List<Problem>();
        Assert.Null(PluginManifest.Parse("plugin.json", new byte[70_000], large));
        Assert.Equal(ProblemCode.TooLarge, Assert.Single(large).Code);
    }

    private static string Replace(string text, string from, string to)
    {
        int at = text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0, $"'{from}' is not in the manifest");
        return text[..at] + to + text[(at + from.Length)..];
    }
}
