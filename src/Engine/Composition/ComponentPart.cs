using Mortise.Components;

namespace Mortise.Engine;

/// <summary>One role of a stack, chosen and configured but not yet opened.</summary>
/// <typeparam name="T">The contract of the role.</typeparam>
public sealed class ComponentPart<T>
    where T : class, IStorageComponent
{
    /// <summary>Who it is; recorded in the store's manifest.</summary>
    public required ComponentIdentity Identity { get; init; }

    /// <summary>Opens an instance over a directory.</summary>
    public required Func<ComponentContext, CancellationToken, ValueTask<T>> Open { get; init; }

    /// <summary>Checks files without opening them, or null when the component has no examiner.</summary>
    public IExaminer? Examiner { get; init; }
}
