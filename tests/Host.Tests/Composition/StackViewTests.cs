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
