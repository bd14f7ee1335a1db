using Mortise.Records;

namespace Mortise.Engine;

/// <summary>An immutable view of a whole store after one commit: all families and the records they name.</summary>
/// <remarks>
/// <para>Threads: any, several readers at once. Never blocks the writer; an open view delays only the reuse of space.</para>
/// <para>Dispose it when done; cursors and leases taken from it must be closed before. Its owner may open it again then
/// (<see cref="StoreEngine.Reopen"/>).</para>
/// </remarks>
public sealed class StoreView : IDisposable
{
    private StoreVersion? _version;

    // By which the version counts it; 0 while it is closed. Who opens it sets this first, who closes it clears it last:
    // no close leaves by another than it was entered by, whatever several threads do with one view.
    private int _stripe;

    internal StoreView(StoreVersion version, int stripe, IRecordStore records)
    {
        _version = version;
        _stripe = stripe;
        Records = records;
    }

    /// <summary>The last commit it contains.</summary>
    /// <exception cref="ObjectDisposedException">The view is closed; so for all members.</exception>
    public Lsn Lsn => Version.Lsn;

    /// <summary>The families, in the order of the stack.</summary>
    public IReadOnlyList<FamilyView> Families => Version.Views;

    /// <summary>The records. Read only locations that came from this view's families.</summary>
    public IRecordStore Records { get; }

    /// <summary>The family of that name, or null.</summary>
    public FamilyView? Find(string name) => Array.Find(Version.Views, f => f.Name == name);

    /// <summary>Pushes all live records to a sink, each as it is when it is reached, in location order; those that this view
    /// does not show because their range was dropped are passed over.</summary>
    /// <param name="direction">Ascending or descending locations.</param>
    /// <param name="sink">Stops by returning false.</param>
    /// <exception cref="StorageException">As <see cref="IRecordStore.Scan"/>.</exception>
    public void ScanRecords<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct =>
        DroppedRecords.Scan(Version.Dropped, Records, direction, ref sink);

    /// <summary>Records that it does not show although they are live; null when there are none.</summary>
    internal DroppedRecords? Dropped => Version.Dropped;

    private StoreVersion Version =>
        Volatile.Read(ref _version) ?? throw new ObjectDisposedException(nameof(StoreView));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _version, null) is { } version)
        {
            int stripe = _stripe;
            Volatile.Write(ref _stripe, 0);
            version.Leave(stripe);
        }
    }

    /// <summary>Shows a version.</summary>
    /// <param name="version">Entered; the view leaves it.</param>
    /// <param name="stripe">By which it was entered.</param>
    /// <exception cref="InvalidOperationException">It is open; the caller leaves the version.</exception>
    internal void Reopen(StoreVersion version, int stripe)
    {
        if (Interlocked.CompareExchange(ref _stripe, stripe, 0) != 0)
        {
            throw new InvalidOperationException("the view is open: close it before it is opened again");
        }

        Volatile.Write(ref _version, version);
    }
}
