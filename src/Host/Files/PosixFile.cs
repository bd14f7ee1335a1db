using Microsoft.Win32.SafeHandles;
using Mortise.Files;

namespace Mortise.Host.Files;

/// <summary>An open file on Linux or macOS. Every answer of the system is checked; interrupted calls are
/// repeated.</summary>
internal sealed unsafe class PosixFile : IStorageFile
{
    private readonly SafeFileHandle _handle;
    private readonly OpenFile _shared;
    private readonly OpenFiles _register;
    private int _disposed;

    public PosixFile(SafeFileHandle handle, string path, OpenFile shared, OpenFiles register)
    {
        _handle = handle;
        _shared = shared;
        _register = register;
        Path = path;
    }

    public string Path { get; }

    public bool IsPoisoned => _shared.Poison is not null;

    public long Length
    {
        get
        {
            // The handle's own position is used for nothing else.
            long length = Posix.Seek(_handle, 0, Posix.SeekEnd);
            return length >= 0 ? length : throw PosixError.Of("read the length", Path, PosixError.Last);
        }
    }

    public int Read(Span<byte> to, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        int done = 0;
        fixed (byte* start = to)
        {
            while (done < to.Length)
            {
                nint count = Posix.Read(_handle, start + done, to.Length - done, offset + done);
                if (count == 0)
                {
                    break;
                }

                if (count > 0)
                {
                    done += (int)count;
                }
                else if (PosixError.Last is int errno && errno != Posix.EINTR)
                {
                    throw PosixError.Of("read", Path, errno, offset + done);
                }
            }
        }

        return done;
    }

    public void Write(ReadOnlySpan<byte> from, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, long.MaxValue - from.Length);
        ThrowIfPoisoned();
        int done = 0;
        fixed (byte* start = from)
        {
            while (done < from.Length)
            {
                nint count = Posix.Write(_handle, start + done, from.Length - done, offset + done);
                if (count > 0)
                {
                    done += (int)count;
                    continue;
                }

                // A write of nothing is no progress: taken for an error, or a full device could spin here for ever.
                int errno = count == 0 ? Posix.EIO : PosixError.Last;
                if (errno != Posix.EINTR)
                {
                    throw PosixError.Of("write", Path, errno, offset + done);
                }
            }
        }
    }

    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ThrowIfPoisoned();
        while (Posix.SetLength(_handle, length) != 0)
        {
            if (PosixError.Last is int errno && errno != Posix.EINTR)
            {
                throw PosixError.Of("set the length", Path, errno, length);
            }
        }
    }

    public void PunchHole(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ThrowIfPoisoned();
        length = Math.Min(length, Length - offset);
        while (length > 0)
        {
            int errno = Posix.IsApple ? Posix.ENOTSUP
                : Posix.Allocate(_handle, Posix.PunchHoleKeepSize, offset, length) == 0 ? 0 : PosixError.Last;
            if (errno == 0)
            {
                return;
            }

            if (errno == Posix.ENOTSUP || errno == Posix.ENOSYS)
            {
                WriteZeros(offset, length);
                return;
            }

            if (errno != Posix.EINTR)
            {
                throw PosixError.Of("punch a hole", Path, errno, offset);
            }
        }
    }

    public void BeginWriteback(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        // A wish: the system remembers a page that it cannot write, and tells at the next sync.
        if (OperatingSystem.IsLinux() && length > 0)
        {
            _ = Posix.WriteRange(_handle, offset, length, Posix.BeginWrite);
        }
    }

    public void Sync(SyncKind kind)
    {
        ThrowIfPoisoned();
        while (Posix.Sync(_handle, metadata: kind == SyncKind.Full) != 0)
        {
            int errno = PosixError.Last;
            if (errno != Posix.EINTR)
            {
                StorageException failure = PosixError.OfSync(Path, errno);
                _shared.SetPoison(failure);
                throw failure;
            }
        }

        // A sync that ran beside a failed one vouches for nothing: the system reports an error to one caller only.
        ThrowIfPoisoned();
    }

    public bool TryMap(long offset, long length, out MappedRegion? region)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        long lead = offset % Environment.SystemPageSize;
        nint size = checked((nint)(length + lead));
        nint address = Posix.Map(0, size, Posix.ProtectionRead, Posix.MapShared, _handle, offset - lead);
        if (address != -1)
        {
            region = new PosixRegion(address, size, lead, length);
            return true;
        }

        region = null;
        int errno = PosixError.Last;
        return errno is Posix.ENODEV or Posix.ENOMEM ? false : throw PosixError.Of("map", Path, errno, offset);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _handle.Dispose();
            _register.Release(_shared);
        }
    }

    private void WriteZeros(long offset, long length)
    {
        byte[] zeros = new byte[(int)Math.Min(length, 64 * 1024)];
        for (long done = 0; done < length; done += zeros.Length)
        {
            Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - done)), offset + done);
        }
    }

    private void ThrowIfPoisoned()
    {
        if (_shared.Poison is { } cause)
        {
            throw new StorageException(
                StorageErrorCode.Faulted,
                "an earlier sync failed, so nothing more is written",
                Path,
                advice: "reopen the store to recover",
                inner: cause);
        }
    }
}
