using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mortise.Host.Files;

/// <summary>The operating system's calls, and its numbers where Linux and macOS differ. 64-bit systems only.</summary>
/// <remarks>.NET's own wrappers are not used where durability hangs on the answer: on Linux,
/// <c>RandomAccess.FlushToDisk</c> returns normally when fsync has failed.</remarks>
internal static unsafe partial class Posix
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;

    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EEXIST = 17;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int EROFS = 30;

    public const int LockExclusiveNoWait = 2 | 4;
    public const int SeekEnd = 2;
    public const int ProtectionRead = 1;
    public const int MapShared = 1;

    /// <summary>Punch a hole and keep the length (Linux).</summary>
    public const int PunchHoleKeepSize = 2 | 1;

    /// <summary>Begin to write pages that are not being written; wait for none (Linux).</summary>
    public const uint BeginWrite = 2;

    private const string C = "libc";
    private const int FullSync = 51;

    private static readonly bool s_apple = OperatingSystem.IsMacOS();
    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static bool IsApple => s_apple;

    public static bool IsArm => s_arm;

    public static int Create => s_apple ? 0x200 : 0x40;

    public static int Exclusive => s_apple ? 0x800 : 0x80;

    public static int CloseOnExec => s_apple ? 0x100_0000 : 0x8_0000;

    public static int Directory => s_apple ? 0x10_0000 : s_arm ? 0x4000 : 0x1_0000;

    public static int NoFollow => s_apple ? 0x100 : s_arm ? 0x8000 : 0x2_0000;

    public static int EAGAIN => s_apple ? 35 : 11;

    public static int EDQUOT => s_apple ? 69 : 122;

    public static int ELOOP => s_apple ? 62 : 40;

    public static int ENOTSUP => s_apple ? 45 : 95;

    public static int ENOSYS => s_apple ? 78 : 38;

    public static int ESTALE => s_apple ? 70 : 116;

    /// <summary>Opens a path; -1 and errno on failure.</summary>
    public static int Open(string path, int flags, int mode)
    {
        // open(2) is variadic, and on Apple's arm64 variadic arguments go on the stack, behind the eight registers.
        return s_apple && s_arm ? OpenOnStack(path, flags, 0, 0, 0, 0, 0, 0, mode) : OpenInRegisters(path, flags, mode);
    }

    /// <summary>Makes a file's bytes durable; on macOS through the drive's cache, which fsync there does not
    /// promise.</summary>
    public static int Sync(SafeFileHandle file, bool metadata) =>
        s_apple ? Control(file, FullSync) : metadata ? SyncAll(file) : SyncData(file);

    [LibraryImport(C, EntryPoint = "pread", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, byte* to, nint length, long offset);

    [LibraryImport(C, EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, byte* from, nint length, long offset);

    [LibraryImport(C, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int origin);

    [LibraryImport(C, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int SetLength(SafeFileHandle file, long length);

    [LibraryImport(C, EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    /// <summary>Linux only.</summary>
    [LibraryImport(C, EntryPoint = "sync_file_range")]
    public static partial int WriteRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport(C, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(
        nint address, nint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport(C, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nint length);

    [LibraryImport(C, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    [LibraryImport(C, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(C, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectory(string path, int mode);

    [LibraryImport(C, EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    [LibraryImport(C, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>Linux only; its buffer is laid out alike on every processor.</summary>
    [LibraryImport(C, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatusOnLinux(int directory, string path, int flags, uint mask, byte* to);

    /// <summary>macOS on arm64.</summary>
    [LibraryImport(C, EntryPoint = "lstat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatusOnApple(string path, byte* to);

    /// <summary>macOS on x64, where the plain name is an older layout.</summary>
    [LibraryImport(C, EntryPoint = "lstat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatusOnAppleX64(string path, byte* to);

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenInRegisters(string path, int flags, int mode);

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenOnStack(
        string path, int flags, nint r2, nint r3, nint r4, nint r5, nint r6, nint r7, int mode);

    [LibraryImport(C, EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncAll(SafeFileHandle file);

    [LibraryImport(C, EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command);
}
