namespace Mortise.Engine;

/// <summary>A commit of the engine itself, such as moving records. Always alone in its group, so that no other write can
/// have been decided against a state that it changes; the domain is not asked and not told.</summary>
internal abstract class EngineWrite : StoreWrite
{
    /// <summary>True when nobody relies on the commit before the next checkpoint, so that others may go before it, and no sync
    /// has to be waited for. It is synced soon all the same, so that a later write finds little to sync besides its own.</summary>
    public virtual bool IsPatient => false;

    /// <summary>True when whatever <see cref="Plan"/> deletes was read for it and found readable.</summary>
    public bool HasReadDeleted { get; protected set; }

    /// <summary>How long it took the writer; known when it has completed.</summary>
    public TimeSpan Took { get; set; }

    /// <summary>Says what to put and delete; on the writer.</summary>
    public abstract void Plan(CommitBuilder commit);
}
