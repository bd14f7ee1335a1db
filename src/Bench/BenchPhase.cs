namespace Mortise.Bench;

/// <summary>The parts of a run.</summary>
public enum BenchPhase
{
    /// <summary>All events in batches, each durable before the next.</summary>
    Durable,

    /// <summary>All events in batches, synced when the system likes.</summary>
    Relaxed,

    /// <summary>Commits of one event, durable, from one committer and from many.</summary>
    Commits,

    /// <summary>Closing and opening the store.</summary>
    Open,

    /// <summary>The query shapes.</summary>
    Queries,

    /// <summary>Opening after a crash, with everything in the log.</summary>
    Recovery,

    /// <summary>A walk through all events of one author and kind, page after page.</summary>
    Paging,

    /// <summary>Readers beside a writer; changes the store that the others ask.</summary>
    Beside,
}
