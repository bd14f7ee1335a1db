using Mortise.Conformance;
using Mortise.Engine;

namespace Mortise.Simulation;

/// <summary>One of several stacks that have to answer alike.</summary>
public sealed class StackVariant
{
    /// <summary>What tells it from the others: its plugins and options, for a person.</summary>
    public required string Name { get; init; }

    /// <summary>Begins a store of its own that is empty.</summary>
    public required Func<VariantStore> Begin { get; init; }
}

/// <summary>The place of one store of a variant, for one run of a script.</summary>
/// <param name="compose">As for <see cref="StoreSimulation"/>: called for each opening.</param>
/// <param name="end">Called once, when the run is over and the store closed; null for nothing to do.</param>
public sealed class VariantStore(Func<SimWorld, StoreComposition> compose, Action? end = null) : IDisposable
{
    private Action? _end = end;

    /// <summary>Composes the stack over a world.</summary>
    public Func<SimWorld, StoreComposition> Compose { get; } = compose;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}
