using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Logging;
using Mortise.Nostr;
using Mortise.Records;

namespace Mortise.Cli.Commands;

/// <summary>New events of a store that any process writes, read from its log without its lock.</summary>
/// <remarks>
/// <para>Order: that of commits. An event that was shown is not shown again.</para>
/// <para>Bounds: the log drops what a checkpoint has made durable elsewhere, so a look must come before: a gap is told,
/// not hidden. Compaction writes events anew; those that were not shown before look new.</para>
/// </remarks>
internal sealed class FollowedLog(
    StoreComposition composition, IReadOnlyList<Filter> filters, bool idsOnly, OutputWriter output, TextWriter error)
{
    private const int MaxRemembered = 100_000;

    private readonly HashSet<string> _shown = [];

    /// <summary>The last commit that was seen; set it to begin behind.</summary>
    public Lsn Last { get; set; }

    /// <summary>Notes that an event was shown.</summary>
    public bool TryRemember(in EventView @event)
    {
        if (_shown.Count == MaxRemembered)
        {
            _shown.Clear();
        }

        return _shown.Add(Convert.ToHexStringLower(@event.Id));
    }

    /// <summary>Begins behind everything that the log has.</summary>
    public void SkipToEnd(CancellationToken cancellation) =>
        Look(
            (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
            {
                Last = IsWhole(record, payload) ? Lsn.Max(Last, record.Lsn) : Last;
                return true;
            },
            cancellation);

    /// <summary>Shows what was written since the last look.</summary>
    public void Show(CancellationToken cancellation)
    {
        using var reader = new CommitReader(composition);
        Look(
            (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
            {
                if (record.Lsn <= Last || !IsWhole(record, payload))
                {
                    return true;
                }

                if (Last != Lsn.None && record.Lsn > Last.Next)
                {
                    error.WriteLine(
                        $"mortise: the log has dropped the commits {Last.Next} to {record.Lsn.Value - 1} before they "
                        + "were looked at: events may be missing");
                }

                Last = record.Lsn;
                ShowCommit(reader, record.Lsn, payload);
                return true;
            },
            cancellation);
        output.Flush();
    }

    // The end of a segment is none, and a record whose writer is still at it is none yet.
    private static bool IsWhole(in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
        record.State == LogDumpState.Whole && !payload.IsEmpty;

    private void Look(LogDumpVisitor visit, CancellationToken cancellation)
    {
        try
        {
            LogExamination.Dump(composition, Last.Next, new Lsn(ulong.MaxValue), visit, cancellation);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.NotFound)
        {
            // There is no log yet, or a segment was dropped during the look; the next one tells.
        }
    }

    private void ShowCommit(CommitReader reader, Lsn lsn, ReadOnlySpan<byte> payload)
    {
        var lines = new EventLines(output, idsOnly);
        foreach (RecordMutation operation in reader.Read(lsn, payload, out ReadOnlySpan<byte> bodies).Operations)
        {
            if (operation is { Operation: RecordOperation.Put, Offset: >= 0 }
                && EventView.TryOpen(bodies.Slice(operation.Offset, operation.Length), out EventView view)
                && Matches(view)
                && TryRemember(view))
            {
                lines.Accept(view);
            }
        }
    }

    private bool Matches(in EventView view)
    {
        for (int i = 0; i < filters.Count; i++)
        {
            if (filters[i].Matches(view))
            {
                return true;
            }
        }

        return false;
    }
}
