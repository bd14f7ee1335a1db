using System.Globalization;
using Mortise.Conformance;

namespace Mortise.Simulation;

/// <summary>One step of a simulation. A script is a list of them; a failing one is shrunk by leaving steps
/// out.</summary>
public abstract record SimStep;

/// <summary>Commits one write.</summary>
/// <param name="Puts">Records to put.</param>
/// <param name="Deletes">Ids to delete first.</param>
public sealed record WriteStep(IReadOnlyList<SimPut> Puts, IReadOnlyList<long> Deletes) : SimStep
{
    /// <inheritdoc/>
    public override string ToString() => $"write put [{string.Join(", ", Puts)}] delete [{string.Join(", ", Deletes)}]";
}

/// <summary>Commits several writes that share a group: they queue while the first one is being decided.</summary>
/// <param name="Writes">Two and more.</param>
public sealed record GroupStep(IReadOnlyList<WriteStep> Writes) : SimStep
{
    /// <inheritdoc/>
    public override string ToString() => $"group of {Writes.Count}: {string.Join("; ", Writes)}";
}

/// <summary>Submits a write that the domain refuses after it has put something.</summary>
public sealed record RefusedWriteStep : SimStep;

/// <summary>Checkpoints.</summary>
public sealed record CheckpointStep : SimStep;

/// <summary>Compacts every segment that holds deleted records.</summary>
public sealed record CompactStep : SimStep;

/// <summary>Builds a family anew and exchanges it while writes go on.</summary>
/// <param name="Family">Which, modulo how many there are.</param>
/// <param name="Meanwhile">Writes that commit while it is being built.</param>
public sealed record SwitchStep(int Family, IReadOnlyList<WriteStep> Meanwhile) : SimStep
{
    /// <inheritdoc/>
    public override string ToString() => $"switch family {Family} meanwhile {string.Join("; ", Meanwhile)}";
}

/// <summary>Drops all records before an ordinal, but for those that <see cref="Keeps"/> names.</summary>
/// <param name="Before">The first ordinal that stays.</param>
/// <param name="IsByPartition">True to drop whole partitions only, each in a commit of its own; false for one range,
/// wherever it ends.</param>
/// <param name="KeptOf">Ids that are multiples of it are kept; 0 keeps none.</param>
public sealed record DropStep(long Before, bool IsByPartition, int KeptOf) : SimStep
{
    /// <summary>True to go on while the records are out of force and not deleted.</summary>
    public bool LeavesSpace { get; init; } = Before % 2 == 1;

    /// <summary>True to name the store those records that may be kept; false to have it read all.</summary>
    public bool NamesKept { get; init; } = Before % 3 > 0;

    /// <summary>Whether a record with that id stays.</summary>
    public bool Keeps(long id) => KeptOf > 0 && id % KeptOf == 0;
}

/// <summary>Packs the partitions whose time has passed, while checkpoints go on.</summary>
/// <param name="Meanwhile">A write that commits while they are being packed.</param>
public sealed record PackStep(WriteStep Meanwhile) : SimStep
{
    /// <inheritdoc/>
    public override string ToString() => $"pack meanwhile {Meanwhile}";
}

/// <summary>Compares all access paths with the oracle.</summary>
public sealed record CheckStep : SimStep;

/// <summary>Lets time pass and timers fire.</summary>
/// <param name="Time">How much.</param>
public sealed record WaitStep(TimeSpan Time) : SimStep;

/// <summary>Closes the store in order and opens it again.</summary>
public sealed record CloseStep : SimStep;

/// <summary>Kills the process: what reached the operating system stays.</summary>
public sealed record KillStep : SimStep;

/// <summary>Cuts the power a number of disk operations from now, wherever that falls: in a write, a checkpoint, a
/// recovery.</summary>
/// <param name="AfterOperations">1 and up.</param>
/// <param name="Model">What may survive.</param>
/// <param name="Seed">Decides what does.</param>
public sealed record PowerCutStep(int AfterOperations, CrashModel Model, ulong Seed) : SimStep
{
    /// <summary>A further cut, counted from this one: in the recovery from it, or behind that. Null for none.</summary>
    public PowerCutStep? Then { get; init; }
}

/// <summary>A record to put.</summary>
/// <param name="Id">Its unique id.</param>
/// <param name="Group">Its group.</param>
/// <param name="Ordinal">Its ordinal.</param>
/// <param name="BodyBytes">Length of its body.</param>
/// <param name="Fill">What the body is filled with.</param>
public readonly record struct SimPut(long Id, long Group, long Ordinal, int BodyBytes, byte Fill)
{
    /// <summary>The record's bytes.</summary>
    public byte[] ToRecord() => SimRecord.Make(Id, Group, Ordinal, BodyBytes, Fill);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Id}/{Group}/{Ordinal}/{BodyBytes}x{Fill:x2}");
}
