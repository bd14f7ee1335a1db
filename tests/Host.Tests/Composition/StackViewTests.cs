using Microsoft.Extensions.DependencyInjection;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Tests.Composition;

public sealed class StackViewTests
{
    [Fact]
    public void Every_value_is_shown_with_where_it_comes_from()
    {
        string view = StackView.Write(SampleStack.Resolve(SampleStack.Text, "indexes.id.depth=4"), withOrigins: true);
        string[] lines = view.Split('\n');
        Assert.Contains("  syncMode: always                          # stack.yaml:1:53", lines);
        Assert.Contains("  batchInterval: 100ms                      # default", lines);
        Assert.Contains("    plugin: sample.index                    # sample 1.2.0, (in process)", lines);
        Assert.Contains("    pageSize: 16KiB                         # stack.yaml:7:88", lines);
        Assert.Contains("    depth: 4                                # --set indexes.id.depth", lines);
        Assert.Contains("    levels: [1, 2]                          # default", lines);
        Assert.Contains("    inlineBelow: 512B                       # stack.yaml:13:18", lines);
    }

    [Fact]
    public void What_is_exported_imports_to_the_same_export()
    {
        using var folder = new TemporaryFolder();
        string text = SampleStack.Text
            + $"\nplugins: [{folder.Path}]\n"
            + "\nnostr: { a: [1, 'two', {b: \"3\\n\\u0001\"}], c: {}, d: , 'e f': ~ }\nrelay:\n  x:\n    y: |\n      long\n      text\n";
        string once = StackView.Write(
            SampleStack.Resolve(text, "indexes.id.label=a: \"b\" #c", "indexes.id.levels=[]", "wal.version=>=1.0 <2"), withOrigins: false);
        string twice = StackView.Write(SampleStack.Resolve(once), withOrigins: false);
        Assert.Equal(once, twice);
        string commented = StackView.Write(SampleStack.Resolve(once), withOrigins: true);
        Assert.Equal(once, StackView.Write(SampleStack.Resolve(commented), withOrigins: false));
    }

    [Fact]
    public void A_projection_of_a_plugin_is_named_configured_and_shown()
    {
        string text = SampleStack.Text
            .Replace("indexes:\n", "projections:\n  terms: { plugin: sample.terms, version: ^1.0, depth: 7 }\nindexes:\n"
                + "  terms: { projection: terms, plugin: sample.index, version: ^1.0, partition: all }\n", StringComparison.Ordinal);
        ResolvedStack stack = SampleStack.Resolve(text);
        Assert.Equal("terms", Assert.Single(stack.Projections).Name);
        string once = StackView.Write(stack, withOrigins: false);
        Assert.Contains("projections:\n  terms:\n    plugin: sample.terms\n    version: ^1.0\n", once, StringComparison.Ordinal);
        Assert.Equal(once, StackView.Write(SampleStack.Resolve(once), withOrigins: false));
        using var folder = new TemporaryFolder();
        TermProjectionPart part = SampleStack.Host().Compose(stack, folder.Path).Projections["terms"];
        Assert.Equal("sample.terms", part.ComponentId);
        Assert.Equal(7, part.Terms.FormatVersion);
    }

    [Fact]
    public void A_projection_that_nobody_has_or_that_takes_a_bundled_name_is_refused_where_it_stands()
    {
        string[] problems = SampleStack.Problems(SampleStack.Text.Replace(
            "indexes:\n",
            "projections:\n  id: { plugin: sample.terms, version: ^1.0 }\n  t: { plugin: sample.index, version: ^1.0 }\nindexes:\n"
                + "  x: { projection: tt, plugin: sample.index, version: ^1.0, partition: all }\n",
            StringComparison.Ordinal));
        SampleStack.AssertLines(
            [
                "stack.yaml:7:7: projections.id has the name of a bundled projection",
                "stack.yaml:8:16: projections.t.plugin is 'sample.index', which is of kind index, not projection; "
                    + "of kind projection there is: sample.terms",
                "stack.yaml:10:20: indexes.x.projection is 'tt', which nobody offers; did you mean 't'? "
                    + "projections: author-time, id, t",
            ],
            problems);
    }

    [Fact]
    public void The_host_is_one_service_of_a_program()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddMortise(static o => o.StaticPlugins.Add(new StaticPlugin(new SamplePlugin(), "sample", "1.2.0")))
            .BuildServiceProvider();
        MortiseHost host = provider.GetRequiredService<MortiseHost>();
        Assert.Same(host, provider.GetRequiredService<MortiseHost>());
        Assert.Equal(2, host.Resolve(StackFile.Parse("stack.yaml", SampleStack.Text)).Families.Count);
    }
}
