namespace Mortise.Conformance;

/// <summary>A directory: its names now, its durable names, and the changes between.</summary>
internal sealed class SimDirectoryNode
{
    /// <summary>Values are <see cref="SimInode"/> or <see cref="SimDirectoryNode"/>.</summary>
    public SortedDictionary<string, object> Entries { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, object> Durable { get; } = new(StringComparer.Ordinal);

    public List<SimNameChange> Pending { get; } = [];

    public HashSet<string> Locked { get; } = [];

    public bool IsGone { get; set; }

    public void Change(SimNameChange change)
    {
        change.TryApplyTo(Entries);
        Pending.Add(change);
    }

    public void MakeDurable()
    {
        foreach (SimNameChange change in Pending)
        {
            change.TryApplyTo(Durable);
        }

        Pending.Clear();
    }
}
