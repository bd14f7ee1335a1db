using System.Globalization;
using Mortise.Files;

namespace Mortise.Conformance;

/// <summary>A disk in memory that knows what is synced and what is not, and can fail in every way that real ones
/// do.</summary>
/// <remarks>
/// <para>Role: stands below a component in tests. Per file it keeps what reads show, what is durable, and the changes
/// between; per directory the same for names. <see cref="AfterPowerCut"/> and <see cref="AfterProcessDeath"/> give the
/// disk that the next process would find; this one is not changed by them, so that many crashes of one moment can be
/// tried.</para>
/// <para>Determinism: equal seeds, calls and faults give equal results. Nothing depends on time.</para>
/// <para>Threads: all members, and all files and directories, from any thread.</para>
/// <para>Source: Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014 (what may be lost and reordered);
/// Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020 (what a failed sync leaves).</para>
/// </remarks>
public sealed class SimDisk
{
    /// <summary>The largest write that a power cut never tears, in bytes.</summary>
    public const int SectorBytes = 512;

    private readonly SimDiskOptions _options;
    private readonly ulong _seed;
    private readonly Random _random;
    private readonly SimDirectoryNode _root;
    private readonly List<SimFault> _faults = [];
    private readonly List<SimOperation> _log = [];
    private readonly Dictionary<long, Action> _actions = [];
    private long _sequence;
    private long _cutAt = long.MaxValue;
    private string? _off;

    /// <summary>Makes an empty disk.</summary>
    /// <param name="seed">Decides the details of faults: which bit flips, how short a short write is.</param>
    /// <param name="options">What it is like; null for the defaults.</param>
    public SimDisk(ulong seed = 0, SimDiskOptions? options = null)
        : this(seed, options ?? new SimDiskOptions(), new SimDirectoryNode())
    {
    }

    internal SimDisk(ulong seed, SimDiskOptions options, SimDirectoryNode root)
    {
        _seed = seed;
        _options = options;
        _random = new Random(Seeds.ToInt32(seed));
        _root = root;
        Root = new SimDirectory(this, root, "", new StorageDeviceTraits
        {
            AtomicWriteBytes = SectorBytes,
            CanMap = options.CanMap,
            CanPunchHoles = true,
        });
    }

    /// <summary>The directory that holds everything.</summary>
    public IStorageDirectory Root { get; }

    /// <summary>Mutations so far; see <see cref="SimOperationKind.Mutations"/>.</summary>
    public long Operations { get; private set; }

    /// <summary>Bytes that files were asked to begin to bring to the device. Nothing becomes durable by that.</summary>
    public long WritebackBytes { get; internal set; }

    /// <summary>Every operation in order; empty when <see cref="SimDiskOptions.KeepLog"/> is off.</summary>
    public IReadOnlyList<SimOperation> Log
    {
        get
        {
            lock (Gate)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>True once the power was cut.</summary>
    public bool IsOff
    {
        get
        {
            lock (Gate)
            {
                return _off is not null;
            }
        }
    }

    /// <summary>Paths of files and locks that are open; a component that is closed holds none.</summary>
    public IReadOnlyList<string> OpenHandles
    {
        get
        {
            lock (Gate)
            {
                List<string> paths = [];
                foreach (SimFile file in OpenFiles)
                {
                    paths.Add(file.Path);
                    foreach (SimRegion region in file.Inode.Regions)
                    {
                        paths.Add($"{file.Path} (mapped at {region.Offset})");
                    }
                }

                foreach (SimLock held in Locks)
                {
                    paths.Add($"{held.Path} (locked)");
                }

                return paths;
            }
        }
    }

    internal Lock Gate { get; } = new();

    internal List<SimFile> OpenFiles { get; } = [];

    internal List<SimLock> Locks { get; } = [];

    /// <summary>Cuts the power at a mutation: it and all later operations throw
    /// <see cref="SimulatedPowerCutException"/>.</summary>
    /// <param name="operation">The mutation's number, counted from 1 by <see cref="Operations"/>. It still changes the
    /// cache, as a write under way does, so that a crash may keep it; a sync under way makes nothing durable.</param>
    public void CutPowerAt(long operation)
    {
        lock (Gate)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(operation, Operations);
            _cutAt = operation;
        }
    }

    /// <summary>Calls something at a mutation, before it is done; for cancellations in flight.</summary>
    /// <param name="operation">The mutation's number, counted from 1 by <see cref="Operations"/>.</param>
    /// <param name="action">Called on the component's thread; must not wait for another one.</param>
    public void At(long operation, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        lock (Gate)
        {
            _actions[operation] = action;
        }
    }

    /// <summary>Cuts the power now.</summary>
    public void CutPower()
    {
        lock (Gate)
        {
            _off ??= "the power was cut";
        }
    }

    /// <summary>Plants a fault.</summary>
    /// <param name="kinds">The operations it looks at.</param>
    /// <param name="glob">Their paths below the root; <c>*</c> stands for any characters, <c>?</c> for one.</param>
    /// <param name="nth">The matching operation that it hits, counted from now and from 1.</param>
    /// <param name="effect">What it does.</param>
    /// <param name="sticky">True to hit every later one too.</param>
    /// <returns>The fault, whose <see cref="SimFault.Fired"/> says whether it was met.</returns>
    public SimFault Plant(
        SimOperationKind kinds, string glob, int nth, SimFaultEffect effect, bool sticky = false)
    {
        ArgumentNullException.ThrowIfNull(glob);
        ArgumentOutOfRangeException.ThrowIfLessThan(nth, 1);
        SimFault fault = new(kinds, glob, nth, effect, sticky);
        lock (Gate)
        {
            _faults.Add(fault);
        }

        return fault;
    }

    /// <summary>Takes all planted faults away.</summary>
    public void ClearFaults()
    {
        lock (Gate)
        {
            _faults.Clear();
        }
    }

    /// <summary>The disk as the next process finds it after this one was killed: every write is there, handles and
    /// locks are gone. What a failed sync marked clean is still readable and still never becomes durable.</summary>
    public SimDisk AfterProcessDeath()
    {
        lock (Gate)
        {
            return new SimDisk(_seed + 1, _options, SimCrash.KeepCache(_root)) { _sequence = _sequence };
        }
    }

    /// <summary>The disk as it is found after a power cut.</summary>
    /// <param name="seed">Decides what survives, where the model leaves a choice.</param>
    /// <param name="model">What may survive.</param>
    public SimDisk AfterPowerCut(ulong seed, CrashModel model)
    {
        lock (Gate)
        {
            return new SimDisk(seed, _options, new SimCrash(_root, seed, model).Survivors()) { _sequence = _sequence };
        }
    }

    /// <summary>Paths of all files, in order of names.</summary>
    public IReadOnlyList<string> FilePaths()
    {
        lock (Gate)
        {
            List<string> paths = [];
            foreach ((string path, _) in SimTree.Files(_root))
            {
                paths.Add(path);
            }

            return paths;
        }
    }

    /// <summary>A file's bytes as reads show them; counts as no operation.</summary>
    public byte[] ReadAllBytes(string path)
    {
        lock (Gate)
        {
            SimContent content = SimTree.Find(_root, path).Cached;
            byte[] bytes = new byte[content.Length];
            content.Read(bytes, 0);
            return bytes;
        }
    }

    /// <summary>Replaces a file's bytes, durably, as damage or another program would; counts as no operation.</summary>
    public void Overwrite(string path, ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            SimInode inode = SimTree.Find(_root, path);
            inode.Pending.Clear();
            foreach (SimContent content in (ReadOnlySpan<SimContent>)[inode.Cached, inode.Durable])
            {
                content.SetLength(0);
                content.Write(bytes, 0);
            }

            inode.RefreshRegions(0, long.MaxValue);
        }
    }

    /// <summary>Flips one bit of a file, durably; counts as no operation.</summary>
    /// <param name="path">The file, below the root.</param>
    /// <param name="offset">The byte, within the file.</param>
    /// <param name="bit">0 to 7.</param>
    public void FlipBit(string path, long offset, int bit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bit, 7u, nameof(bit));
        lock (Gate)
        {
            SimInode inode = SimTree.Find(_root, path);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, inode.Cached.Length);
            inode.Cached.FlipBit(offset, bit);
            if (offset < inode.Durable.Length)
            {
                inode.Durable.FlipBit(offset, bit);
            }

            inode.RefreshRegions(offset, 1);
        }
    }

    internal SimTurn Begin(SimOperationKind kind, string path, long offset, long length)
    {
        if (_off is not null)
        {
            throw new SimulatedPowerCutException(_off);
        }

        long number = (kind & SimOperationKind.Mutations) != 0 ? ++Operations : 0;
        SimOperation operation = new(number, kind, path, offset, length);
        if (_options.KeepLog)
        {
            _log.Add(operation);
        }

        if (_actions.Remove(number, out Action? action))
        {
            action();
        }

        string? cut = number == _cutAt ? _off = $"the power was cut at {operation}" : null;
        SimFaultEffect? effect = null;
        foreach (SimFault fault in _faults)
        {
            if (fault.Hits(kind, path))
            {
                effect ??= fault.Effect;
            }
        }

        bool isSync = kind is SimOperationKind.Sync or SimOperationKind.SyncDirectory;
        if (isSync && effect is SimFaultEffect.Io or SimFaultEffect.NoSpace)
        {
            effect = isSync ? SimFaultEffect.SyncFailed : effect;
        }

        if (cut is null && effect is { } failing && CodeOf(failing) is { } code)
        {
            throw Failure(code, $"the device failed: {operation} (simulated)", path, offset);
        }

        return new SimTurn(effect, cut);
    }

    internal long NextSequence() => ++_sequence;

    internal int NextRandom(int below) => _random.Next(below);

    /// <summary>How many bytes of a write fit on the disk.</summary>
    internal int Fitting(SimInode inode, long offset, int length)
    {
        if (_options.CapacityBytes is not { } capacity)
        {
            return length;
        }

        long free = capacity / SimContent.PageBytes - UsedPages();
        while (length > 0 && inode.Cached.MissingPages(offset, length) > free)
        {
            long end = (offset + length - 1) / SimContent.PageBytes * SimContent.PageBytes;
            length = (int)Math.Max(0, end - offset);
        }

        return length;
    }

    /// <summary>Another sector of a file, for a write that goes astray.</summary>
    internal long Misdirect(long offset, long fileLength)
    {
        long sectors = Math.Max(2, fileLength / SectorBytes);
        long sector = offset / SectorBytes;
        long astray = (sector + 1 + NextRandom((int)Math.Min(int.MaxValue, sectors - 1))) % sectors;
        return astray * SectorBytes + offset % SectorBytes;
    }

    internal static StorageException Failure(StorageErrorCode code, string fact, string path, long offset) =>
        new(code, fact, path, offset);

    private static StorageErrorCode? CodeOf(SimFaultEffect effect) => effect switch
    {
        SimFaultEffect.Io => StorageErrorCode.Io,
        SimFaultEffect.NoSpace => StorageErrorCode.NoSpace,
        SimFaultEffect.Denied => StorageErrorCode.Denied,
        SimFaultEffect.TooManyFiles => StorageErrorCode.TooManyFiles,
        _ => null,
    };

    private long UsedPages()
    {
        HashSet<SimInode> files = [];
        foreach ((_, SimInode file) in SimTree.Files(_root))
        {
            files.Add(file);
        }

        foreach (SimFile open in OpenFiles)
        {
            files.Add(open.Inode);
        }

        long pages = 0;
        foreach (SimInode file in files)
        {
            pages += file.Cached.AllocatedPages;
        }

        return pages;
    }

    /// <summary>What the disk is and has done, for a failure message.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"disk of seed {_seed} after {Operations} mutations");
}
