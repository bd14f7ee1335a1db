using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>Remembers of old partitions when the first of their events, all of which some rule keeps, is due: so that a
/// store that keeps some events for ever does not read them in each run.</summary>
/// <remarks>A partition that changes is forgotten. Threads: one run at a time.</remarks>
internal sealed class RetentionMemory
{
    private readonly Dictionary<(string Family, string Partition), (object State, long NextDue)> _kept = [];

    /// <summary>False when nothing in a partition is due.</summary>
    /// <param name="family">The family.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="now">Seconds since 1970.</param>
    public bool MayHaveDue(FamilyView family, int partition, long now) =>
        !_kept.TryGetValue((family.Name, family.NameOf(partition)), out (object State, long NextDue) known)
        || known.NextDue <= now
        || !ReferenceEquals(known.State, family.StateOf(partition));

    /// <summary>Nothing in a partition was due.</summary>
    /// <param name="family">The family.</param>
    /// <param name="name">The partition's name.</param>
    /// <param name="state">What it was before it was read: with another it is read again.</param>
    /// <param name="nextDue">When the first of its events is.</param>
    public void Note(FamilyView family, string name, object state, long nextDue) =>
        _kept[(family.Name, name)] = (state, nextDue);
}
