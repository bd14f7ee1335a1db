using System.Buffers.Binary;
using Mortise.Components;
using Mortise.Files;

namespace Mortise.BTreeIndex;

/// <summary>What the file says when it is opened now: a list of runs and the LSN whose state they are.</summary>
/// <remarks>
/// <para>Changing it is the only point at which anything becomes durable; see <see cref="MetaPages"/> for the order. The
/// pages that the old state alone referred to are free once the new one is durable.</para>
/// <para>Threads: <see cref="Change"/> by one thread at a time, the rest by any.</para>
/// <para>Errors: a failed sync, or a failed write of a meta page, leaves open which state the disk holds: every later
/// change is refused with <see cref="StorageErrorCode.Faulted"/> until the file is opened again.</para>
/// </remarks>
internal sealed class DurableState(ComponentContext context, PageFile file, PageSpace space, MetaRecord meta, DiskRun[] runs)
{
    /// <summary>So many free bytes at the end of the file are cut off whenever the state changes.</summary>
    private const long WorthWhileBytes = 1 << 20;

    private readonly Lock _gate = new();
    private MetaRecord _meta = meta;
    private DiskRun[] _runs = runs;
    private ulong _nextRun = meta.NextRun;
    private Exception? _fault;

    /// <summary>The last batch whose effect is durable.</summary>
    public Lsn Lsn => Meta.Lsn;

    /// <summary>What the meta pages say.</summary>
    public MetaRecord Meta
    {
        get
        {
            lock (_gate)
            {
                return _meta;
            }
        }
    }

    /// <summary>The durable runs, newest first; each holds its pages for as long as it is here.</summary>
    public DiskRun[] Runs => Volatile.Read(ref _runs);

    /// <summary>Why nothing can be made durable any more, or null.</summary>
    public Exception? Fault => Volatile.Read(ref _fault);

    /// <summary>A run number that was never used.</summary>
    public ulong TakeRunId() => _nextRun++;

    /// <summary>Refuses every later change.</summary>
    public void Close(Exception cause) => Interlocked.CompareExchange(ref _fault, cause, null);

    public void ThrowIfFaulted()
    {
        if (Fault is { } fault)
        {
            throw StorageException.Faulted(context.InstanceName, fault);
        }
    }

    /// <summary>Makes a list of runs the durable state: all of it or, after a crash, the one before.</summary>
    public void Change(Lsn lsn, DiskRun[] newestFirst)
    {
        ThrowIfFaulted();
        MetaRecord changed = _meta with { Epoch = _meta.Epoch + 1, Lsn = lsn, Directory = default, DirectoryBytes = 0 };
        if (newestFirst.Length > 0)
        {
            changed = WriteDirectory(changed, newestFirst);
        }

        changed = changed with { PageCount = space.PageCount, NextRun = _nextRun };
        WriteMeta(changed, 0);
        foreach (DiskRun run in newestFirst)
        {
            run.AddReference();
        }

        DiskRun[] before = _runs;
        Extent directory = _meta.Directory;
        lock (_gate)
        {
            _meta = changed;
            Volatile.Write(ref _runs, newestFirst);
        }

        foreach (DiskRun run in before)
        {
            run.Release();
        }

        if (directory.Count > 0)
        {
            space.Free(directory);
        }

        WriteMeta(changed, 1);
        Trim(WorthWhileBytes);
    }

    private void WriteMeta(MetaRecord changed, uint number)
    {
        try
        {
            if (number == 0)
            {
                file.File.Sync(SyncKind.Data);
                MetaPages.Write(file.File, changed, number);
                file.File.Sync(SyncKind.Data);
            }
            else
            {
                // Durable by the next sync, which comes before page 0 is touched again.
                MetaPages.Write(file.File, changed, number);
            }
        }
        catch (Exception e)
        {
            Close(e);
            throw;
        }
    }

    private MetaRecord WriteDirectory(MetaRecord changed, DiskRun[] newestFirst)
    {
        byte[] bytes = RunDirectory.Write(Array.ConvertAll(newestFirst, static run => run.Record));
        int payload = file.PageBytes - PageFormat.HeaderBytes;
        Extent extent = space.Allocate((uint)((bytes.Length + payload - 1) / payload), whole: true);
        try
        {
            byte[] page = new byte[file.PageBytes];
            for (uint i = 0; i < extent.Count; i++)
            {
                Span<byte> rest = bytes.AsSpan((int)i * payload);
                rest = rest[..Math.Min(rest.Length, payload)];
                page.AsSpan().Clear();
                PageFormat.WriteHeader(page, PageType.Directory, 0, changed.Epoch, i, 0, 0);
                BinaryPrimitives.WriteUInt32LittleEndian(
                    page.AsSpan(PageFormat.UsedOffset), (uint)(PageFormat.HeaderBytes + rest.Length));
                rest.CopyTo(page.AsSpan(PageFormat.HeaderBytes));
                file.Seal(page, extent.Start + i);
                file.Write(page, extent.Start + i);
            }
        }
        catch
        {
            space.Free(extent);
            throw;
        }

        return changed with { Directory = extent, DirectoryBytes = (uint)bytes.Length };
    }

    /// <summary>Gives the free end of the file back, and the room of what else became free.</summary>
    /// <returns>False when there was nothing to give.</returns>
    public bool GiveBack()
    {
        bool isTrimmed = Trim((long)PageSpace.LeastReturnedPages * file.PageBytes);
        if (!context.Files.Traits.CanPunchHoles)
        {
            return isTrimmed;
        }

        List<Extent> freed = space.TakeFreed();
        foreach (Extent extent in freed)
        {
            file.File.PunchHole((long)extent.Start * file.PageBytes, (long)extent.Count * file.PageBytes);
        }

        return isTrimmed || freed.Count > 0;
    }

    private bool Trim(long leastBytes)
    {
        long wanted = (long)space.PageCount * file.PageBytes;
        if (file.File.Length - wanted <= leastBytes)
        {
            return false;
        }

        file.File.SetLength(wanted);
        return true;
    }
}
