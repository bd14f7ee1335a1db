using System.Text.Json.Nodes;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Tests.Loading;

namespace Mortise.Host.Tests.Composition;

public sealed class StackSchemaTests
{
    [Fact]
    public void The_schema_knows_every_key_that_the_effective_default_stack_has_and_says_its_type()
    {
        var options = new MortiseHostOptions();
        options.PluginFolders.Add(Repository.Plugins);
        var host = new MortiseHost(options);
        var problems = new List<Problem>();
        JsonNode schema = JsonNode.Parse(host.WriteSchema(problems: problems))!;
        Assert.Empty(problems);
        string effective = StackView.Write(
            host.Resolve(StackFile.Parse("default", DefaultStack.Text)), withOrigins: false);
        ConfigMap root = StackFile.Parse("effective", effective).Root;
        foreach (ConfigEntry entry in root.Entries.Where(e => !options.Sections.ContainsKey(e.Key)))
        {
            JsonNode role = schema["properties"]![entry.Key]!;
            foreach (ConfigMap component in role["additionalProperties"] is JsonObject each
                ? ((ConfigMap)entry.Value).Entries.Select(static e => (ConfigMap)e.Value)
                : [(ConfigMap)entry.Value])
            {
                JsonNode shape = role["additionalProperties"] as JsonObject ?? role;
                HashSet<string> keys = [.. shape["properties"]!.AsObject().Select(static p => p.Key)];
                if (component.TryGet("plugin", out ConfigEntry? plugin))
                {
                    string id = ((ConfigText)plugin.Value).Text;
                    Assert.Contains(id, shape["properties"]!["plugin"]!["enum"]!.AsArray().Select(static n => n!.GetValue<string>()));
                    JsonNode then = shape["allOf"]!.AsArray()
                        .Single(n => n!["if"]!["properties"]!["plugin"]!["const"]!.GetValue<string>() == id)!["then"]!;
                    keys.UnionWith(then["properties"]!.AsObject().Select(static p => p.Key));
                }

                Assert.Superset(component.Entries.Select(static e => e.Key).ToHashSet(), keys);
            }
        }

        Assert.Equal("batch", schema["properties"]!["wal"]!["properties"]!["syncMode"]!["default"]!.GetValue<string>());
    }

    [Fact]
    public void Two_hundred_folders_are_listed_and_nothing_of_them_is_loaded()
    {
        using var root = new TemporaryFolder();
        for (int i = 0; i < 200; i++)
        {
            root.Write($"P{i:d3}/1.0.0/plugin.json", new EmittedPlugin().Manifest.Replace(
                "acme.sample", $"acme.p{i:d3}", StringComparison.Ordinal));
            root.Write($"P{i:d3}/1.0.0/Acme.Sample.dll", "loading this would fail");
        }

        PluginCatalog catalog = PluginCatalog.Scan([root.Path]);
        Assert.Empty(catalog.Problems);
        Assert.Equal(
            Enumerable.Range(0, 200).Select(static i => $"acme.p{i:d3}"), catalog.Plugins.Select(static p => p.Manifest.Id));
    }
}
