using Mortise.Primitives;

namespace Mortise.BTreeIndex;

/// <summary>The whole content of an index at one moment: immutable lists of immutable runs.</summary>
/// <remarks>Taking a snapshot is adding a reference to the current version. The last release gives up the version's
/// references to its disk runs, and with them, perhaps, their pages.</remarks>
internal sealed class IndexVersion
{
    private int _references = 1;

    /// <summary>Makes a version with one reference, the caller's.</summary>
    /// <param name="lsn">The last batch applied.</param>
    /// <param name="active">Runs that new batches may be merged with, newest first.</param>
    /// <param name="sealedGroups">Older runs that wait to be written, newest first.</param>
    /// <param name="disk">Still older runs, newest first.</param>
    public IndexVersion(Lsn lsn, MemoryRun[] active, SealedGroup[] sealedGroups, DiskRun[] disk)
    {
        Lsn = lsn;
        Active = active;
        Sealed = sealedGroups;
        Disk = disk;
        Memory = active;
        if (sealedGroups.Length > 0)
        {
            List<MemoryRun> memory = [.. active];
            foreach (SealedGroup group in sealedGroups)
            {
                memory.AddRange(group.Runs);
            }

            Memory = [.. memory];
        }

        foreach (DiskRun run in disk)
        {
            run.AddReference();
        }
    }

    public Lsn Lsn { get; }

    public MemoryRun[] Active { get; }

    public SealedGroup[] Sealed { get; }

    /// <summary>All runs in memory, newest first.</summary>
    public MemoryRun[] Memory { get; }

    public DiskRun[] Disk { get; }

    public long ActiveBytes => Sum(Active);

    public long MemoryBytes => Sum(Memory);

    /// <summary>Sets less tombstones: exact when no key was set twice or removed in vain since its run was merged.</summary>
    public long EstimatedEntries
    {
        get
        {
            long sum = 0;
            foreach (MemoryRun run in Memory)
            {
                sum += run.Count - (2L * run.TombstoneCount);
            }

            foreach (DiskRun run in Disk)
            {
                sum += (long)run.Record.Entries - (2L * (long)run.Record.Tombstones);
            }

            return Math.Max(0, sum);
        }
    }

    /// <summary>Adds a reference unless the last one is gone.</summary>
    public bool TryAddReference()
    {
        int before = Volatile.Read(ref _references);
        while (before > 0)
        {
            int now = Interlocked.CompareExchange(ref _references, before + 1, before);
            if (now == before)
            {
                return true;
            }

            before = now;
        }

        return false;
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0);
        if (left == 0)
        {
            foreach (DiskRun run in Disk)
            {
                run.Release();
            }
        }
    }

    private static long Sum(MemoryRun[] runs)
    {
        long sum = 0;
        foreach (MemoryRun run in runs)
        {
            sum += run.Bytes;
        }

        return sum;
    }
}

/// <summary>Memory runs that take no more batches and are written together.</summary>
/// <param name="Sequence">Groups are numbered as they are sealed.</param>
/// <param name="Runs">Newest first.</param>
/// <param name="Bytes">What they hold in memory.</param>
internal sealed record SealedGroup(long Sequence, MemoryRun[] Runs, long Bytes);
