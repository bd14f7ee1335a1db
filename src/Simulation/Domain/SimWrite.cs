using Mortise.Engine;

namespace Mortise.Simulation;

/// <summary>Deletes some ids and puts some records, all or nothing. A record of a known id replaces the one
/// before.</summary>
/// <param name="puts">Records.</param>
/// <param name="deletes">Ids; unknown ones are ignored.</param>
public sealed class SimWrite(IReadOnlyList<byte[]> puts, IReadOnlyList<long> deletes) : StoreWrite
{
    /// <summary>Records to put.</summary>
    public IReadOnlyList<byte[]> Puts { get; } = puts;

    /// <summary>Ids to delete first.</summary>
    public IReadOnlyList<long> Deletes { get; } = deletes;

    /// <summary>Run while the write is decided: what it submits queues behind this write and becomes one
    /// group.</summary>
    public Action? WhileDeciding { get; init; }

    /// <summary>Thrown when the write has been decided, so that it fails alone.</summary>
    public Exception? Failure { get; init; }

    /// <inheritdoc/>
    public override int EstimatedBytes => Puts.Sum(static p => p.Length);
}
