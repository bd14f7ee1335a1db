using Mortise.Conformance;
using Mortise.Conformance.Xunit;

namespace Mortise.Cache.Lru.Tests;

/// <summary>The laws that every cache policy has to obey, on this one, beside a slow list that is obviously
/// right.</summary>
public sealed class ConformanceTests : PluginConformance<LruPlugin>
{
    protected override void Prepare(SubjectCatalog catalog)
    {
        CachePolicySubject lru = catalog.CachePolicies[0];
        catalog.CachePolicies[0] = new CachePolicySubject
        {
            Name = lru.Name,
            Create = lru.Create,
            Reference = capacity => new LruOrder(capacity),
        };
    }
}
