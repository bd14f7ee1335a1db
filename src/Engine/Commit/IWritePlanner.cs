namespace Mortise.Engine;

/// <summary>The domain's part of a commit: decides what each write puts and deletes.</summary>
/// <remarks>
/// <para>Threads: all members on the store's writer thread, one at a time.</para>
/// <para>Writes come in groups that share one sync. <see cref="CommitBuilder.View"/> shows the state before the group, so
/// the planner itself remembers what the group's earlier writes have decided, from <see cref="BeginGroup"/> on.</para>
/// </remarks>
public interface IWritePlanner
{
    /// <summary>A group begins; forget the previous one.</summary>
    /// <param name="view">The state before the group; valid until the next group begins.</param>
    void BeginGroup(StoreView view);

    /// <summary>Decides one write. Its puts and deletes become one atomic commit; none is fine.</summary>
    /// <remarks>An exception fails this write alone: nothing it put or deleted counts, and the group ends with it, so that
    /// what the planner remembers of it is never asked for.</remarks>
    void Plan(StoreWrite write, CommitBuilder commit);

    /// <summary>The group's commits are visible to readers, and durable as far as the sync mode promises.</summary>
    /// <param name="view">The state after the group; valid during the call.</param>
    /// <param name="writes">The group's writes that succeeded.</param>
    void Published(StoreView view, IReadOnlyList<StoreWrite> writes);
}
