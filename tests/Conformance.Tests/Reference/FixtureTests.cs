using System.Reflection;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

public class FixtureTests
{
    [Fact]
    public async Task A_component_reports_the_version_of_the_assembly_it_was_built_into()
    {
        using SimWorld world = new(1);
        IIndexFamily index = await MemoryIndex.OpenAsync(world.Context("i"), new MemoryIndexOptions(), default);
        ComponentIdentity identity = index.Identity;
        string informational = typeof(MemoryIndex).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        Assert.StartsWith(identity.PluginVersion, informational, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+$", identity.PluginVersion);
    }
}
