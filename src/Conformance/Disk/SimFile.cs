using Mortise.Files;

namespace Mortise.Conformance;

/// <summary>An open file of a simulated disk.</summary>
internal sealed class SimFile : IStorageFile
{
    private readonly SimDisk _disk;
    private readonly SimInode _inode;
    private readonly bool _writable;
    private bool _disposed;

    public SimFile(SimDisk disk, SimInode inode, string path, bool writable)
    {
        _disk = disk;
        _inode = inode;
        _writable = writable;
        Path = path;
        inode.OpenHandles++;
        disk.OpenFiles.Add(this);
    }

    public string Path { get; }

    public long Length
    {
        get
        {
            lock (_disk.Gate)
            {
                ThrowIfUnusable();
                return _inode.Cached.Length;
            }
        }
    }

    public bool IsPoisoned
    {
        get
        {
            lock (_disk.Gate)
            {
                return _inode.IsPoisoned;
            }
        }
    }

    internal SimInode Inode => _inode;

    public int Read(Span<byte> to, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (_disk.Gate)
        {
            ThrowIfUnusable();
            SimTurn turn = _disk.Begin(SimOperationKind.Read, Path, offset, to.Length);
            int count = _inode.Cached.Read(to, offset);
            if (turn.Effect == SimFaultEffect.FlipBit && count > 0)
            {
                to[_disk.NextRandom(count)] ^= (byte)(1 << _disk.NextRandom(8));
            }

            return count;
        }
    }

    public void Write(ReadOnlySpan<byte> from, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (_disk.Gate)
        {
            ThrowIfNotWritable();
            SimTurn turn = _disk.Begin(SimOperationKind.Write, Path, offset, from.Length);
            int fits = _disk.Fitting(_inode, offset, from.Length);
            byte[] data = from[..fits].ToArray();
            switch (turn.Effect)
            {
                case SimFaultEffect.ShortWrite or SimFaultEffect.ShortNoSpace:
                    data = data[.._disk.NextRandom(Math.Max(1, data.Length))];
                    break;
                case SimFaultEffect.MisdirectedWrite:
                    offset = _disk.Misdirect(offset, _inode.Cached.Length);
                    break;
                case SimFaultEffect.FlipBit when data.Length > 0:
                    data[_disk.NextRandom(data.Length)] ^= (byte)(1 << _disk.NextRandom(8));
                    break;
            }

            if (data.Length > 0)
            {
                SimChange change = new(_disk.NextSequence(), offset, data, data.Length, -1);
                _inode.Change(change, turn.Effect != SimFaultEffect.LostWrite);
            }

            turn.ThrowIfCut();
            if (turn.Effect == SimFaultEffect.ShortWrite)
            {
                throw SimDisk.Failure(StorageErrorCode.Io, "the device failed a write (simulated)", Path, offset);
            }

            if (turn.Effect == SimFaultEffect.ShortNoSpace || fits < from.Length)
            {
                throw SimDisk.Failure(StorageErrorCode.NoSpace, "the device is full (simulated)", Path, offset);
            }
        }
    }

    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lock (_disk.Gate)
        {
            ThrowIfNotWritable();
            foreach (SimRegion region in _inode.Regions)
            {
                if (length < region.Offset + region.Length)
                {
                    throw new InvalidOperationException(
                        $"{Path} is cut to {length} bytes below a mapping that ends at "
                            + $"{region.Offset + region.Length}");
                }
            }

            SimTurn turn = _disk.Begin(SimOperationKind.SetLength, Path, 0, length);
            _inode.Change(new SimChange(_disk.NextSequence(), 0, null, 0, length), reachesDevice: true);
            turn.ThrowIfCut();
        }
    }

    public void PunchHole(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lock (_disk.Gate)
        {
            ThrowIfNotWritable();
            SimTurn turn = _disk.Begin(SimOperationKind.PunchHole, Path, offset, length);
            long count = Math.Min(length, Math.Max(0, _inode.Cached.Length - offset));
            if (count > 0)
            {
                _inode.Change(new SimChange(_disk.NextSequence(), offset, null, count, -1), reachesDevice: true);
            }

            turn.ThrowIfCut();
        }
    }

    public void BeginWriteback(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lock (_disk.Gate)
        {
            ThrowIfUnusable();
            _disk.WritebackBytes += length;
        }
    }

    public void Sync(SyncKind kind)
    {
        lock (_disk.Gate)
        {
            ThrowIfNotWritable();
            SimTurn turn = _disk.Begin(SimOperationKind.Sync, Path, 0, 0);
            turn.ThrowIfCut();
            switch (turn.Effect)
            {
                case SimFaultEffect.LyingSync:
                    return;
                case SimFaultEffect.SyncFailed or SimFaultEffect.SyncFailedReverted:
                    _inode.Pending.Clear();
                    if (turn.Effect == SimFaultEffect.SyncFailedReverted)
                    {
                        _inode.Revert();
                    }

                    _inode.IsPoisoned = true;
                    throw SimDisk.Failure(
                        StorageErrorCode.SyncFailed, "the device failed a sync (simulated)", Path, -1);
                default:
                    _inode.MakeDurable();
                    return;
            }
        }
    }

    public bool TryMap(long offset, long length, out MappedRegion? region)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        lock (_disk.Gate)
        {
            ThrowIfUnusable();
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _inode.Cached.Length - offset);
            region = null;
            if (!_disk.Root.Traits.CanMap)
            {
                return false;
            }

            _disk.Begin(SimOperationKind.Map, Path, offset, length);
            SimRegion mapped = new(_disk, _inode, offset, checked((int)length));
            _inode.Regions.Add(mapped);
            region = mapped;
            return true;
        }
    }

    public void Dispose()
    {
        lock (_disk.Gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _disk.OpenFiles.Remove(this);
            if (--_inode.OpenHandles == 0)
            {
                _inode.IsPoisoned = false;
            }
        }
    }

    private void ThrowIfUnusable() => ObjectDisposedException.ThrowIf(_disposed, this);

    private void ThrowIfNotWritable()
    {
        ThrowIfUnusable();
        if (!_writable)
        {
            throw new InvalidOperationException($"{Path} was opened for reading only");
        }

        if (_inode.IsPoisoned)
        {
            throw SimDisk.Failure(StorageErrorCode.Faulted, "an earlier sync of this file failed", Path, -1);
        }
    }
}
