namespace Mortise.Engine;

/// <summary>What happens when a family's code throws what no contract allows, while a commit is applied to it.</summary>
public enum FaultPolicy
{
    /// <summary>The store refuses writes until it is reopened, and goes on reading.</summary>
    Stop = 1,

    /// <summary>The family is set aside and built anew from the records, a few times; the store goes on without it
    /// meanwhile, and queries that need it fail or take another way.</summary>
    Restart = 2,

    /// <summary>The family is set aside until the store is opened again.</summary>
    Ignore = 3,
}
