using Mortise.Host.Composition;
using Mortise.Host.Configuration;

namespace Mortise.Host.Tests.Composition;

/// <summary>The stacks in docs/plugins/stacks are whole and resolve.</summary>
public sealed class DeploymentStackTests
{
    [Theory]
    [InlineData("tiny", 6)]
    [InlineData("relay", 9)]
    [InlineData("archive", 9)]
    public void A_documented_stack_resolves(string name, int families)
    {
        var options = new MortiseHostOptions();
        options.PluginFolders.Add(Repository.Plugins);
        var host = new MortiseHost(options);
        ResolvedStack stack = host.Resolve(StackFile.Read(
            Path.Combine(Repository.Root, "docs", "plugins", "stacks", name + ".yaml")));
        Assert.Equal(families, stack.Families.Count);
    }
}
