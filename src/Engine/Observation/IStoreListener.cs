using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Learns what a store does beside answering: opening, checkpoints, compaction, failure, closing.</summary>
/// <remarks>
/// <para>Role: for status displays, logs and alarms. Nothing in the store depends on what a listener does.</para>
/// <para>Threads: called on the thread that does the work, also on several at once; return soon and do not wait for the
/// store. What a listener throws is logged and goes no further.</para>
/// <para>Every method has an empty default, so that a listener implements what it cares for and later versions can add
/// more.</para>
/// </remarks>
public interface IStoreListener
{
    /// <summary>Opening goes on: at the start of each phase, and within long ones a few times a second.</summary>
    void OnOpening(OpeningProgress progress)
    {
    }

    /// <summary>The store is open.</summary>
    void OnOpened(OpenReport report)
    {
    }

    /// <summary>A checkpoint has captured its state and is being written.</summary>
    /// <param name="through">The last commit it contains.</param>
    void OnCheckpointStarted(Lsn through)
    {
    }

    /// <summary>A checkpoint is durable and the log was told what it may drop.</summary>
    void OnCheckpointCompleted(CheckpointReport report)
    {
    }

    /// <summary>A checkpoint failed. It is tried again later, or <see cref="OnFaulted"/> follows.</summary>
    void OnCheckpointFailed(Exception cause)
    {
    }

    /// <summary>A compaction begins.</summary>
    void OnCompactionStarted()
    {
    }

    /// <summary>A compaction has given the space of one segment back.</summary>
    void OnSegmentReclaimed(SegmentUsage segment)
    {
    }

    /// <summary>A compaction has ended by itself.</summary>
    void OnCompactionCompleted(CompactionReport report)
    {
    }

    /// <summary>A compaction was cancelled or failed; what it moved stays moved.</summary>
    void OnCompactionStopped(Exception cause)
    {
    }

    /// <summary>Ranges of ordinals were dropped.</summary>
    void OnRangesDropped(RangeDropReport report)
    {
    }

    /// <summary>A family was filled anew from the records, whether at opening or while the store served.</summary>
    void OnFamilyRebuilt(RebuiltFamily family)
    {
    }

    /// <summary>A family's code failed, and the store goes on without the family (<see cref="FaultPolicy"/>).</summary>
    /// <param name="family">Its name.</param>
    /// <param name="cause">What its code threw; the plugin is named where it is to blame.</param>
    void OnFamilySetAside(string family, Exception cause)
    {
    }

    /// <summary>The store refuses writes from now on until it is reopened. Once in the life of an open store.</summary>
    void OnFaulted(Exception cause)
    {
    }

    /// <summary>The store is closed.</summary>
    void OnClosed()
    {
    }
}
