using Mortise.Files;
using Mortise.Wal.Format;
using Mortise.Wal.Segments;

namespace Mortise.Wal.Opening;

/// <summary>Which files of a directory make up the log.</summary>
internal sealed class LogCatalog
{
    /// <summary>The segments whose records count, oldest first.</summary>
    public List<LogSegment> Live { get; } = [];

    /// <summary>Segments that a later one replaces or that lie behind the checkpoint.</summary>
    public List<(ulong Sequence, long Bytes)> Dead { get; } = [];

    /// <summary>Files kept for reuse.</summary>
    public List<(ulong Sequence, long Bytes)> Spares { get; } = [];

    /// <summary>Half-made files that never became part of the log.</summary>
    public List<string> Drafts { get; } = [];

    /// <summary>The highest LSN that a header or the control file says is durable.</summary>
    public ulong Vouched { get; private set; }

    /// <summary>The highest sequence in any name.</summary>
    public ulong HighestSequence { get; private set; }

    /// <summary>Reads names and headers; changes nothing.</summary>
    /// <param name="files">The log's directory.</param>
    /// <param name="control">What the control file says; null when there is none.</param>
    /// <param name="controlIsExact">False when that may be one write behind.</param>
    /// <param name="storeId">The store that the files must belong to; null to accept any.</param>
    /// <param name="damage">Takes what is wrong; null to throw it.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="StorageException">A header is damaged, or a segment that must be there is not.</exception>
    public static LogCatalog Read(
        IStorageDirectory files,
        ControlState? control,
        bool controlIsExact,
        Guid? storeId,
        Action<StorageException>? damage,
        CancellationToken cancellation)
    {
        var catalog = new LogCatalog { Vouched = control?.DurableLsn ?? 0, HighestSequence = control?.Active ?? 0 };
        var found = new List<(ulong Sequence, long Bytes)>();
        foreach (StorageEntry entry in files.List())
        {
            if (entry.IsDirectory)
            {
                continue;
            }

            if (WalFormat.TryParseSegmentName(entry.Name, out ulong sequence))
            {
                (sequence < (control?.Oldest ?? 0) ? catalog.Dead : found).Add((sequence, entry.LengthBytes));
            }
            else if (WalFormat.TryParseSpareName(entry.Name, out sequence))
            {
                catalog.Spares.Add((sequence, entry.LengthBytes));
            }
            else if (WalFormat.IsDraftName(entry.Name))
            {
                catalog.Drafts.Add(entry.Name);
            }

            catalog.HighestSequence = Math.Max(catalog.HighestSequence, sequence);
        }

        bool all = catalog.ReadHeaders(files, found, storeId, damage, cancellation);
        catalog.ArrangeSegments();
        if (all && catalog.FindMissing(files, control, controlIsExact) is { } missing)
        {
            (damage ?? Throw)(missing);
        }

        return catalog;
    }

    /// <returns>False when a header could not be read and was reported.</returns>
    private bool ReadHeaders(
        IStorageDirectory files,
        List<(ulong Sequence, long Bytes)> found,
        Guid? storeId,
        Action<StorageException>? damage,
        CancellationToken cancellation)
    {
        bool all = true;
        foreach ((ulong sequence, long bytes) in found)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                using IStorageFile file = files.Open(WalFormat.SegmentName(sequence), FileIntent.Read);
                SegmentHeader header = SegmentFiles.ReadHeader(file, sequence, storeId);
                Vouched = Math.Max(Vouched, header.DurableLsn);
                Live.Add(new LogSegment(header, bytes));
            }
            catch (StorageException e) when (damage is not null && e.Code != StorageErrorCode.Io)
            {
                damage(e);
                all = false;
            }
        }

        return all;
    }

    private void ArrangeSegments()
    {
        Live.Sort((a, b) => a.Sequence.CompareTo(b.Sequence));
        int start = Live.FindLastIndex(s => s.Header.IsRestart);
        ulong end = LogSegment.Open;
        for (int i = Live.Count - 1; i >= 0; i--)
        {
            // A later segment that begins at or before this one's first record has replaced it.
            LogSegment segment = Live[i];
            if (i < start || segment.FirstLsn >= end)
            {
                Live.RemoveAt(i);
                Dead.Add((segment.Sequence, segment.Bytes));
                continue;
            }

            segment.EndLsn = end;
            end = segment.FirstLsn;
        }
    }

    private StorageException? FindMissing(IStorageDirectory files, ControlState? control, bool controlIsExact)
    {
        for (int i = 1; i < Live.Count; i++)
        {
            if (Live[i].Header.Previous != Live[i - 1].Sequence)
            {
                return Missing(files, Live[i].Header.Previous, Live[i - 1].EndLsn);
            }
        }

        if (control is null || control.Active == 0)
        {
            return null;
        }

        if (Live.Count == 0 || Live[^1].Sequence < control.Active)
        {
            return Missing(files, control.Active, control.LastLsn);
        }

        bool startsOver = Live[0].Header.IsRestart;
        if (controlIsExact && !startsOver && Live[0].Sequence != control.Oldest
            && !Dead.Exists(d => d.Sequence == control.Oldest))
        {
            return Missing(files, control.Oldest, Live[0].FirstLsn);
        }

        return null;
    }

    private static void Throw(StorageException damage) => throw damage;

    private static StorageException Missing(IStorageDirectory files, ulong sequence, ulong lsn)
    {
        string name = WalFormat.SegmentName(sequence);
        string path = files.Path.Length == 0 ? name : $"{files.Path}/{name}";
        return new StorageException(
            StorageErrorCode.Corrupt,
            $"segment {sequence:x16} of the log is missing, around record {lsn}",
            path, -1, "restore the file, or restore the store from a backup");
    }
}
