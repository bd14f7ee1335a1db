using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>One partition of a family, or neighbours that were merged into one, open or not, as the writer sees
/// it.</summary>
internal sealed class PartitionState(
    PartitionSpan span, string name, string directoryName, OrdinalRange bounds, IndexHandle handle)
{
    private IIndexFamily? _held;

    public PartitionSpan Span { get; } = span;

    /// <summary>Its id in the scheme; of merged ones that of the first.</summary>
    public PartitionId Id => Span.First;

    public string Name { get; } = name;

    /// <summary>Its directory: its name, or another when one that was dropped had that, or for merged ones.</summary>
    public string DirectoryName { get; } = directoryName;

    public OrdinalRange Bounds { get; } = bounds;

    public IndexHandle Handle { get; } = handle;

    /// <summary>Changes of the group in hand.</summary>
    public MutationBuffer Pending { get; } = new();

    /// <summary>The state includes every commit up to here at least; more when later commits did not concern this
    /// partition. Known when the index was open once.</summary>
    public Lsn CoveredLsn { get; set; }

    /// <summary>The snapshot of the last published state.</summary>
    public SharedSnapshot? Published { get; set; }

    /// <summary>True once a rebuild has filled it.</summary>
    public bool IsLoaded { get; set; }

    /// <summary>When it was last changed, in seconds since 1970; 0 when it was not since the store was opened.</summary>
    public long LastWrite { get; set; }

    /// <summary>True when it ended, and was last written, before a second since 1970.</summary>
    public bool IsSealed(long before) => Bounds.Last < before && LastWrite < before;

    /// <summary>The writer keeps the index open from the first change of a group to its application.</summary>
    public bool IsHeld => _held is not null;

    /// <summary>The index; only while it is held.</summary>
    public IIndexFamily Index => _held ?? throw new InvalidOperationException($"partition {Name} is not held open");

    public void Hold()
    {
        _held = Handle.Acquire();
        CoveredLsn = Lsn.Max(CoveredLsn, _held.DurableLsn);
    }

    /// <summary>Gives up the published snapshot, because the index changes, or changed its shape: the next version has
    /// another. The writer only.</summary>
    public void Supersede()
    {
        if (Published is { } published)
        {
            published.Supersede();
            published.Release();
            Published = null;
        }
    }

    public void EndHold()
    {
        _held = null;
        Handle.Release();
    }
}
