namespace Mortise.BTreeIndex;

/// <summary>A merge of neighbouring disk runs into one, done piece by piece.</summary>
/// <remarks>Holds the version that it reads from. Threads: one at a time.</remarks>
internal sealed class RunMerge : IDisposable
{
    private readonly IndexVersion _version;
    private readonly RunWriter _writer;
    private readonly StreamMerge _entries;
    private bool _isFinished;

    /// <summary>Starts a merge.</summary>
    /// <param name="version">With a reference that the merge takes over.</param>
    /// <param name="count">How many of its newest disk runs are merged.</param>
    /// <param name="file">Where they are.</param>
    /// <param name="space">Where the result goes.</param>
    /// <param name="id">The result's number.</param>
    /// <param name="isPack">Whether the result's leaves have to lie in one piece, with no room before it that stays
    /// free.</param>
    public RunMerge(IndexVersion version, int count, PageFile file, PageSpace space, ulong id, bool isPack)
    {
        _version = version;
        Inputs = version.Disk[..count];
        RunStream[] sources = new RunStream[count];
        long entries = 0;
        long bytes = 0;
        for (int i = 0; i < count; i++)
        {
            sources[i] = new RunStream(Inputs[i], file);
            entries += (long)Inputs[i].Record.Entries;
            bytes += (long)Inputs[i].Record.Leaves.PageCount * file.PageBytes;
        }

        // Entries of several lengths in one page cost a slot and two lengths each, which those of one length did not;
        // and ends that several runs narrowed in their own ways may differ in every bit.
        bytes += isPack && count > 1
            ? entries * (PageFormat.VariedEntryBytes + EndColumn.NumberBytes)
            : 0;

        // Below the oldest run there is nothing that a tombstone could hide.
        bool isOldest = count == version.Disk.Length;
        _entries = new StreamMerge(sources, keepTombstones: !isOldest);
        long pages = (bytes + file.PageBytes - 1) / file.PageBytes;
        RunPlacement placement = !isPack ? RunPlacement.Pieces
            : space.FitsAtStart(pages) ? RunPlacement.FirstFit
            : RunPlacement.End;
        _writer = new RunWriter(file, space, id, entries, bytes, placement);
    }

    /// <summary>What is merged, newest first.</summary>
    public DiskRun[] Inputs { get; }

    /// <summary>The result once <see cref="Advance"/> has answered true; null when nothing is left.</summary>
    public RunRecord? Result { get; private set; }

    /// <summary>Does a piece of the work.</summary>
    /// <param name="leafPages">About how many pages to write.</param>
    /// <param name="cancellation">Looked at now and then.</param>
    /// <returns>True when the merge is done.</returns>
    public bool Advance(uint leafPages, CancellationToken cancellation)
    {
        uint until = _writer.LeafPages + leafPages;
        while (_writer.LeafPages < until)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < 1024; i++)
            {
                if (!_entries.MoveNext())
                {
                    Result = _writer.Finish();
                    _isFinished = true;
                    return true;
                }

                RunStream entry = _entries.Current;
                _writer.Add(entry.Key, entry.Value, entry.IsTombstone);
            }
        }

        return false;
    }

    /// <summary>Ends it; the pages of an unfinished result are given back.</summary>
    public void Dispose()
    {
        if (!_isFinished)
        {
            _writer.Abandon();
        }

        _version.Release();
    }
}
