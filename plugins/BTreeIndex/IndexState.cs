namespace Mortise.BTreeIndex;

/// <summary>The current version, and the changes to it: the writer replaces what is active, the maintenance what is
/// sealed or on disk.</summary>
/// <remarks>Threads: any; changes are short and locked, taking the current version is not.</remarks>
internal sealed class IndexState(IndexVersion first)
{
    private readonly Lock _gate = new();
    private IndexVersion _current = first;
    private long _sealedSequence;

    /// <summary>The current version, without a reference: for its lists in memory, not for its pages.</summary>
    public IndexVersion Current => Volatile.Read(ref _current);

    /// <summary>The current version with a reference.</summary>
    public IndexVersion AcquireCurrent()
    {
        while (true)
        {
            IndexVersion version = Volatile.Read(ref _current);
            if (version.TryAddReference())
            {
                return version;
            }
        }
    }

    /// <summary>A batch is applied.</summary>
    public void Add(Lsn lsn, MemoryRun added) => Change(v => new IndexVersion(
        lsn, added.Count > 0 ? MemoryTier.Add(v.Active, added) : v.Active, v.Sealed, v.Disk));

    /// <summary>Active runs were merged.</summary>
    /// <param name="inputs">Neighbours in an earlier version; where they are none any more, nothing changes.</param>
    /// <param name="merged">What they became.</param>
    public void ReplaceActive(MemoryRun[] inputs, MemoryRun merged) => Change(v =>
    {
        int at = Array.IndexOf(v.Active, inputs[0]);
        bool areThere = at >= 0 && v.Active.AsSpan(at).StartsWith(inputs);
        return new IndexVersion(
            v.Lsn, areThere ? [.. v.Active[..at], merged, .. v.Active[(at + inputs.Length)..]] : v.Active, v.Sealed, v.Disk);
    });

    /// <summary>Makes what is active a group that waits to be written.</summary>
    /// <returns>The sequence number of the newest group; all that was applied is in groups up to it, or on disk.</returns>
    public long Seal()
    {
        if (Current.Active.Length > 0)
        {
            Change(v => new IndexVersion(
                v.Lsn, [], [new SealedGroup(++_sealedSequence, v.Active, v.ActiveBytes), .. v.Sealed], v.Disk));
        }

        return _sealedSequence;
    }

    /// <summary>Groups were written.</summary>
    /// <param name="count">How many of the oldest.</param>
    /// <param name="written">The run that they became, or null when nothing was left of them.</param>
    public void ReplaceSealed(int count, DiskRun? written) => Change(v => new IndexVersion(
        v.Lsn, v.Active, v.Sealed[..^count], written is null ? v.Disk : [written, .. v.Disk]));

    /// <summary>Disk runs were merged.</summary>
    /// <param name="inputs">Neighbours in the current version.</param>
    /// <param name="merged">What they became, or null when nothing was left of them.</param>
    public void ReplaceDisk(DiskRun[] inputs, DiskRun? merged) => Change(v =>
    {
        int at = Array.IndexOf(v.Disk, inputs[0]);
        DiskRun[] middle = merged is null ? [] : [merged];
        return new IndexVersion(
            v.Lsn, v.Active, v.Sealed, [.. v.Disk[..at], .. middle, .. v.Disk[(at + inputs.Length)..]]);
    });

    /// <summary>Everything was discarded.</summary>
    public void Clear() => Change(static _ => new IndexVersion(Lsn.None, [], [], []));

    private void Change(Func<IndexVersion, IndexVersion> change)
    {
        IndexVersion before;
        lock (_gate)
        {
            before = _current;
            Volatile.Write(ref _current, change(before));
        }

        before.Release();
    }
}
