using Mortise.Components;
using Mortise.Indexing;
using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>An index in memory, made to be obviously right: each batch makes a new immutable state.</summary>
/// <remarks>
/// <para>Role: the oracle that other structures are compared with, and the smallest plugin there is. It keeps no files:
/// <see cref="DurableLsn"/> is always <see cref="Lsn.None"/>, and the engine rebuilds it at every open.</para>
/// <para>Threads: as the contract says; readers take the state of the moment and hold no lock.</para>
/// </remarks>
public sealed class MemoryIndex : IIndexFamily
{
    private volatile IndexState _state = IndexState.Empty;
    private volatile bool _disposed;

    /// <summary>Makes an empty index.</summary>
    /// <param name="options">Null for the defaults.</param>
    public MemoryIndex(MemoryIndexOptions? options = null) =>
        Traits = IndexState.Limits(isPersistent: false, options ?? new MemoryIndexOptions());

    /// <summary>What it is called and what it is.</summary>
    public static ComponentDescriptor Descriptor { get; } = new()
    {
        Id = "mortise.reference.memory-index",
        Summary = "An ordered map in memory, rebuilt at every open.",
    };

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = ReferenceIdentity.Of(Descriptor);

    /// <inheritdoc/>
    public IndexTraits Traits { get; }

    /// <inheritdoc/>
    public Lsn AppliedLsn => Current.Lsn;

    /// <inheritdoc/>
    public Lsn DurableLsn
    {
        get
        {
            ThrowIfDisposed();
            return Lsn.None;
        }
    }

    /// <inheritdoc/>
    public IndexStatistics Statistics => new(Current.Entries.Count, 0, 0, 0, 0);

    private IndexState Current
    {
        get
        {
            ThrowIfDisposed();
            return _state;
        }
    }

    /// <summary>Opens an empty index.</summary>
    public static ValueTask<IIndexFamily> OpenAsync(
        ComponentContext context, MemoryIndexOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        return new ValueTask<IIndexFamily>(new MemoryIndex(options));
    }

    /// <inheritdoc/>
    public void Apply(in IndexBatch batch)
    {
        IndexState state = Current;
        state.Check(batch, Traits);
        _state = state.After(batch);
    }

    /// <inheritdoc/>
    public IIndexSnapshot OpenSnapshot() => new IndexStateSnapshot(Current);

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        return cancellation.IsCancellationRequested ? ValueTask.FromCanceled(cancellation) : ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ResetAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        _state = IndexState.Empty;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);
}
