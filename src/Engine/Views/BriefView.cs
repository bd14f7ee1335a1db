using Mortise.Records;

namespace Mortise.Engine;

/// <summary>What a <see cref="StoreView"/> shows, for a lookup: it lives on the stack of who asks and allocates nothing.</summary>
/// <remarks>Threads: the one that opened it. Dispose it once, where it was opened, and no copy of it; leases taken from its
/// records must be closed before.</remarks>
public ref struct BriefView : IDisposable
{
    private readonly int _stripe;
    private StoreVersion? _version;

    internal BriefView(StoreVersion version, int stripe, IRecordStore records)
    {
        _version = version;
        _stripe = stripe;
        Records = records;
    }

    /// <summary>The families, in the order of the stack.</summary>
    /// <exception cref="ObjectDisposedException">The view is closed.</exception>
    public readonly IReadOnlyList<FamilyView> Families =>
        _version?.Views ?? throw new ObjectDisposedException(nameof(BriefView));

    /// <summary>The records. Read only locations that came from this view's families.</summary>
    public IRecordStore Records { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        StoreVersion? version = _version;
        _version = null;
        version?.Leave(_stripe);
    }
}
