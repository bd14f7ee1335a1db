namespace Mortise.Host.Tests;

/// <summary>Tests that weigh the whole process run while no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
