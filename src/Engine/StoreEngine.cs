using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Placeholder of the public surface; replaced in the same day's work.</summary>
public sealed class StoreEngine : IAsyncDisposable
{
    /// <summary>Opens or creates a store.</summary>
    public static ValueTask<StoreEngine> OpenAsync(
        StoreComposition composition,
        IReadOnlyDictionary<string, IKeyProjection> projections,
        IWritePlanner planner,
        CancellationToken cancellation = default) => throw new NotSupportedException();

    /// <summary>A view of the state after the last published group.</summary>
    public StoreView OpenView() => throw new NotSupportedException();

    /// <summary>Decides and commits a write; completes as the sync mode promises.</summary>
    public ValueTask WriteAsync(StoreWrite write, CancellationToken cancellation = default) => throw new NotSupportedException();

    /// <summary>Makes every component durable and truncates the log.</summary>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
