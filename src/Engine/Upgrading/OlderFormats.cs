using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Which parts may have files of an older format version than their plugin writes now.</summary>
/// <remarks>What a family says goes with it: one that is built anew has no older files. Threads: any.</remarks>
internal sealed class OlderFormats(OpenedParts parts)
{
    private readonly Lock _gate = new();
    private int? _log;
    private int? _records;
    private Lsn _logUntil;
    private int _recordsUntil;

    /// <summary>The oldest version of the log's files; null when all are of the current.</summary>
    public int? Log
    {
        get
        {
            lock (_gate)
            {
                // The log begins behind everything that was there when it was opened.
                _log = parts.Log.FirstLsn > _logUntil ? null : _log;
                return _log;
            }
        }
    }

    /// <summary>The oldest version of the records' files; null when all are of the current.</summary>
    public int? Records
    {
        get
        {
            lock (_gate)
            {
                return _records;
            }
        }
    }

    /// <summary>Takes what a manifest says of the log and the records, which are open.</summary>
    public void Read(StoreManifest manifest)
    {
        lock (_gate)
        {
            _log = Older(manifest.Log, parts.Composition.Log.Identity.FormatVersion);
            _records = Older(manifest.Records, parts.Composition.Records.Identity.FormatVersion);
            _logUntil = parts.Log.LastLsn;
            _recordsUntil = Segments().Select(static u => u.Segment).DefaultIfEmpty(-1).Max();
        }
    }

    /// <summary>What a part has that is older than what its plugin writes; null when nothing is.</summary>
    public static int? Older(ManifestPart recorded, int current) =>
        recorded.OldestVersion < current ? recorded.OldestVersion : null;

    /// <summary>The records were rewritten as far as they can be now.</summary>
    /// <returns>True when nothing of what was there at the opening is left.</returns>
    public bool SettleRecords()
    {
        lock (_gate)
        {
            if (Segments().All(u => u.Segment > _recordsUntil))
            {
                _records = null;
            }

            return _records is null;
        }
    }

    private IReadOnlyList<SegmentUsage> Segments() =>
        parts.Records.TryGet(out IReclaimable? store) ? store.GetUsage() : [];
}
