using System.Diagnostics.CodeAnalysis;

namespace Mortise.Components;

/// <summary>What every opened part of a store has in common.</summary>
/// <remarks>
/// <para>Role: one opened instance (a log, a record store, an index family) that owns one directory.</para>
/// <para>Threads: <see cref="IAsyncDisposable.DisposeAsync"/> may be called twice and concurrently with calls in
/// flight; a call that races it either completes or throws <see cref="ObjectDisposedException"/>, as does every later
/// one.</para>
/// <para>Buffers: what it rents from a shared pool of arrays it gives back once, at the latest when it has closed, and
/// does not use after that.</para>
/// <para>Closing does not checkpoint: what is not durable is replayed from the log at the next open.</para>
/// </remarks>
public interface IStorageComponent : IAsyncDisposable
{
    /// <summary>Who wrote the files of this instance, and in which format.</summary>
    ComponentIdentity Identity { get; }

    /// <summary>How the instance is, for health endpoints. Cheap; no I/O.</summary>
    ComponentHealth Health => ComponentHealth.Healthy;

    /// <summary>Finds an optional capability. Wrappers forward this, so ask here and never by a cast.</summary>
    /// <typeparam name="T">A capability interface of the contract.</typeparam>
    bool TryGet<T>([NotNullWhen(true)] out T? capability)
        where T : class
    {
        capability = this as T;
        return capability is not null;
    }
}
