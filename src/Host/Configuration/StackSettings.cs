using Mortise.Engine;
using Mortise.Host.Decorating;
using Mortise.Host.Memory;
using Mortise.Plugins;

namespace Mortise.Host.Configuration;

/// <summary>The keys of <c>wal</c> that are the engine's.</summary>
internal sealed class LogSettings : DecoratedSettings
{
    public SyncMode SyncMode { get; set; } = new EngineOptions().SyncMode;

    public TimeSpan BatchInterval { get; set; } = new EngineOptions().BatchInterval;

    public ByteSize BatchBytes { get; set; } = new EngineOptions().BatchBytes;

    protected override string? Refuse(Decoration decoration) =>
        decoration == Decoration.Checksum ? "has checksum: a log checks its own records" : null;

    protected override string? RefuseSwap() => OnlyByReopening("a log");

    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (OptionProblem problem in base.Validate())
        {
            yield return problem;
        }

        if (BatchInterval < TimeSpan.FromMilliseconds(1) || BatchInterval > TimeSpan.FromMinutes(1))
        {
            yield return new OptionProblem(nameof(BatchInterval), "must be 1ms to 1m");
        }

        if (BatchBytes.Bytes is < 1 or > 1L << 30)
        {
            yield return new OptionProblem(nameof(BatchBytes), "must be 1B to 1GiB");
        }
    }
}

/// <summary>The keys of <c>engine</c>.</summary>
internal sealed class EngineSettings : IValidatedOptions
{
    public ByteSize CheckpointBytes { get; set; } = new EngineOptions().CheckpointBytes;

    public TimeSpan CheckpointInterval { get; set; } = new EngineOptions().CheckpointInterval;

    public ByteSize MaxCommitBytes { get; set; } = new EngineOptions().MaxCommitBytes;

    public ByteSize MaxGroupBytes { get; set; } = new EngineOptions().MaxGroupBytes;

    public ByteSize BodiesOnceFrom { get; set; } = new EngineOptions().BodiesOnceFrom;

    public int MaxOpenPartitions { get; set; } = new EngineOptions().MaxOpenPartitions;

    public TimeSpan SealAfter { get; set; } = new EngineOptions().SealAfter;

    public ByteSize MergeBelow { get; set; } = new EngineOptions().MergeBelow;

    public IEnumerable<OptionProblem> Validate()
    {
        if (CheckpointBytes.Bytes is < 64 << 10 or > 1L << 40)
        {
            yield return new OptionProblem(nameof(CheckpointBytes), "must be 64KiB to 1TiB");
        }

        if (CheckpointInterval < TimeSpan.FromMilliseconds(100) || CheckpointInterval > TimeSpan.FromDays(7))
        {
            yield return new OptionProblem(nameof(CheckpointInterval), "must be 100ms to 7d");
        }

        if (MaxCommitBytes.Bytes is < 64 << 10 or > 1L << 30)
        {
            yield return new OptionProblem(nameof(MaxCommitBytes), "must be 64KiB to 1GiB");
        }

        if (MaxGroupBytes.Bytes is < 64 << 10 or > 1L << 30)
        {
            yield return new OptionProblem(nameof(MaxGroupBytes), "must be 64KiB to 1GiB");
        }

        if (BodiesOnceFrom.Bytes is < 0 or > 1L << 40)
        {
            yield return new OptionProblem(nameof(BodiesOnceFrom), "must be 0 to 1TiB");
        }

        if (MaxOpenPartitions is < 1 or > 65_536)
        {
            yield return new OptionProblem(nameof(MaxOpenPartitions), "must be 1 to 65536");
        }

        if (SealAfter < TimeSpan.Zero || SealAfter > TimeSpan.FromDays(3650))
        {
            yield return new OptionProblem(nameof(SealAfter), "must be 0s to 3650d");
        }

        if (MergeBelow.Bytes is < 0 or > 1L << 30)
        {
            yield return new OptionProblem(nameof(MergeBelow), "must be 0 to 1GiB");
        }
    }

    public static EngineSettings From(EngineOptions options) => new()
    {
        CheckpointBytes = options.CheckpointBytes,
        CheckpointInterval = options.CheckpointInterval,
        MaxCommitBytes = options.MaxCommitBytes,
        MaxGroupBytes = options.MaxGroupBytes,
        BodiesOnceFrom = options.BodiesOnceFrom,
        MaxOpenPartitions = options.MaxOpenPartitions,
        SealAfter = options.SealAfter,
        MergeBelow = options.MergeBelow,
    };

    public EngineOptions With(LogSettings log) => new()
    {
        SyncMode = log.SyncMode,
        BatchInterval = log.BatchInterval,
        BatchBytes = log.BatchBytes,
        CheckpointBytes = CheckpointBytes,
        CheckpointInterval = CheckpointInterval,
        MaxCommitBytes = MaxCommitBytes,
        MaxGroupBytes = MaxGroupBytes,
        BodiesOnceFrom = BodiesOnceFrom,
        MaxOpenPartitions = MaxOpenPartitions,
        SealAfter = SealAfter,
        MergeBelow = MergeBelow,
    };
}

/// <summary>The keys of <c>cache</c> that are the host's.</summary>
internal sealed class CacheSettings : DecoratedSettings
{
    private static readonly CacheBudgetOptions s_default = new();

    public ByteSize Budget { get; set; } = ByteSize.MiB(256);

    public int CapacityPercent { get; set; } = s_default.CapacityPercent;

    public int FloorPercent { get; set; } = s_default.FloorPercent;

    public int ActivePercent { get; set; } = s_default.ActivePercent;

    public int RecentPercent { get; set; } = s_default.RecentPercent;

    public int HistoricalPercent { get; set; } = s_default.HistoricalPercent;

    public TimeSpan Recent { get; set; } = s_default.Recent;

    public FaultPolicy OnFault { get; set; } = FaultPolicy.Stop;

    public CacheBudgetOptions Division => new()
    {
        CapacityPercent = CapacityPercent,
        FloorPercent = FloorPercent,
        ActivePercent = ActivePercent,
        RecentPercent = RecentPercent,
        HistoricalPercent = HistoricalPercent,
        Recent = Recent,
    };

    protected override string? Refuse(Decoration decoration) => OnlyChecks(decoration, "a cache policy");

    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (OptionProblem problem in base.Validate())
        {
            yield return problem;
        }

        if (OnFault == FaultPolicy.Ignore)
        {
            yield return new OptionProblem(
                nameof(OnFault), "must be stop or restart: a cache without a policy would never give memory back");
        }

        if (Budget.Bytes > 1L << 40)
        {
            yield return new OptionProblem(nameof(Budget), "must be 0B to 1TiB");
        }

        if (CapacityPercent is < 0 or > 100)
        {
            yield return new OptionProblem(nameof(CapacityPercent), "must be 0 to 100");
        }

        if (FloorPercent is < 0 or > 50)
        {
            yield return new OptionProblem(nameof(FloorPercent), "must be 0 to 50");
        }

        if (ActivePercent < 0 || RecentPercent < 0 || HistoricalPercent < 0
            || (long)ActivePercent + RecentPercent + HistoricalPercent != 100)
        {
            yield return new OptionProblem(
                nameof(ActivePercent), "must be 100 together with recentPercent and historicalPercent, none below 0");
        }

        if (Recent < TimeSpan.Zero)
        {
            yield return new OptionProblem(nameof(Recent), "must be 0s or more");
        }
    }
}

/// <summary>The keys of an index family that are the engine's.</summary>
internal sealed class FamilySettings : DecoratedSettings
{
    public required string Projection { get; set; } = "";

    public required string Partition { get; set; } = "";

    public ByteSize InlineBelow { get; set; }

    public FaultPolicy OnFault { get; set; } = FaultPolicy.Stop;

    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (OptionProblem problem in base.Validate())
        {
            yield return problem;
        }

        if (InlineBelow.Bytes > 64 << 10)
        {
            yield return new OptionProblem(nameof(InlineBelow), "must be 0B to 64KiB");
        }
    }
}

/// <summary>Whether a plugin's code can be exchanged while the store is open.</summary>
internal enum ReloadMode
{
    /// <summary>Its code is loaded for good.</summary>
    Never = 1,

    /// <summary>Other files of the plugin take its place while the store serves. Calls through interfaces inside code
    /// that can be unloaded cost 3 to 6 times more.</summary>
    Swap = 2,
}

/// <summary>The keys of <c>records</c> that are the host's.</summary>
internal sealed class RecordSettings : DecoratedSettings
{
    protected override string? Refuse(Decoration decoration) =>
        decoration == Decoration.Checksum ? "has checksum: a record store checks its own records" : null;

    protected override string? RefuseSwap() => OnlyByReopening("a record store");
}

/// <summary>The keys of a partition scheme that are the host's.</summary>
internal sealed class SchemeSettings : DecoratedSettings
{
    protected override string? Refuse(Decoration decoration) => OnlyChecks(decoration, "a partition scheme");
}

/// <summary>The keys of a projection of a plugin's that are the host's.</summary>
internal sealed class ProjectionSettings : IValidatedOptions
{
    public ReloadMode Reload { get; set; } = ReloadMode.Never;

    public IEnumerable<OptionProblem> Validate()
    {
        if (Reload == ReloadMode.Swap)
        {
            yield return new OptionProblem(
                nameof(Reload),
                "must be never: other code of a projection may give other keys, so what it filled has to be built "
                + "anew; install the new version, open the store again, and run 'mortise upgrade'");
        }
    }
}

/// <summary>A role without keys of the host's.</summary>
internal sealed class NoSettings;
