namespace Mortise.Engine;

/// <summary>What an acknowledgement promises, and when checkpoints happen.</summary>
public sealed class EngineOptions
{
    /// <summary>What an acknowledged write survives.</summary>
    public SyncMode SyncMode { get; init; } = SyncMode.Batch;

    /// <summary>In mode batch, the longest time between an acknowledgement and the sync that covers it.</summary>
    public TimeSpan BatchInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>In mode batch, the most log bytes that may be acknowledged and not yet synced.</summary>
    public ByteSize BatchBytes { get; init; } = ByteSize.MiB(4);

    /// <summary>A checkpoint starts when this many log bytes came after the last one.</summary>
    public ByteSize CheckpointBytes { get; init; } = ByteSize.MiB(128);

    /// <summary>A checkpoint starts when this much time has passed since the last one and something was written.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Open partitions of all families together that the engine tries not to exceed, 1 and up. Families with a
    /// single partition do not count, those in use are not closed.</summary>
    public int MaxOpenPartitions { get; init; } = 256;

    /// <summary>A partition by time is sealed, and packed in the background, when it ended and was last written so long
    /// ago.</summary>
    public TimeSpan SealAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Sealed neighbours among the partitions by time whose files are smaller together are merged into one; 0 for
    /// never.</summary>
    public ByteSize MergeBelow { get; init; } = ByteSize.MiB(1);

    /// <summary>The most bytes of one commit's records; larger batches are refused whole.</summary>
    public ByteSize MaxCommitBytes { get; init; } = ByteSize.MiB(96);

    /// <summary>The most bytes of keys, and of records beside them, that one commit may change in one index family; larger
    /// ones are refused whole. What a family gathers before it applies it has to fit into one buffer, with what a quarter
    /// of this leaves of the commits before.</summary>
    internal long MaxIndexBytes { get; init; } = 1L << 30;

    /// <summary>The most log bytes of one group of commits that share a sync.</summary>
    public ByteSize MaxGroupBytes { get; init; } = ByteSize.MiB(8);

    /// <summary>From how many bytes of records on a group's bodies are written once: to the record store, where it offers that,
    /// with references to them in the log. Smaller groups have their bodies in the log, where one sync is enough, and in the
    /// record store later. 0: <see cref="UnsyncedBodiesOnceFrom"/> in modes batch and never, in which nobody waits for a sync, and
    /// never in mode always. More than <see cref="MaxGroupBytes"/>: never.</summary>
    public ByteSize BodiesOnceFrom { get; init; }

    /// <summary>Where no sync is waited for: from here on one write more costs less than another copy.</summary>
    public static ByteSize UnsyncedBodiesOnceFrom { get; } = ByteSize.KiB(4);

    /// <summary>Whether the bodies of a group and the log are synced beside each other when somebody waits for both. The
    /// promise is the same either way.</summary>
    public bool ParallelSync { get; init; } = true;

    /// <summary>Whether index families take what recovery reads from the log beside each other and beside the reading.
    /// The result is the same either way.</summary>
    public bool ParallelReplay { get; init; } = true;

    /// <summary>How many scans of the records fill families beside each other when several have to be rebuilt, 1 and up; as
    /// many families share a scan as there are too few. The result is the same whatever it says.</summary>
    public int RebuildScans { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Recovery decodes this many bytes of records at a time; it holds two such stretches in memory.</summary>
    public ByteSize ReplayChunk { get; init; } = ByteSize.MiB(4);
}
