using System.Runtime.InteropServices;

namespace Mortise.Host.Files;

/// <summary>Turns errno into the one exception type of the contract.</summary>
internal static class PosixError
{
    /// <summary>The errno of the last call of this thread.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>The exception for a failed call.</summary>
    /// <param name="operation">What was tried, as a verb: <c>open</c>.</param>
    /// <param name="path">The path below the store's root.</param>
    /// <param name="errno">What the system answered.</param>
    /// <param name="offset">Byte offset, or -1.</param>
    public static StorageException Of(string operation, string path, int errno, long offset = -1) =>
        new(CodeOf(errno), Fact(operation, errno), path, offset, AdviceOf(errno));

    /// <summary>The exception for a failed sync, whatever the errno.</summary>
    public static StorageException OfSync(string path, int errno) =>
        new(
            StorageErrorCode.SyncFailed,
            Fact("sync", errno),
            path,
            advice: "what was written since the last good sync may be lost; reopen the store to recover");

    /// <summary>The exception for a failed call of .NET's own directory enumeration.</summary>
    public static StorageException Of(string operation, string path, Exception cause) =>
        new(
            cause switch
            {
                UnauthorizedAccessException => StorageErrorCode.Denied,
                DirectoryNotFoundException or FileNotFoundException => StorageErrorCode.NotFound,
                _ => StorageErrorCode.Io,
            },
            $"cannot {operation}: {cause.Message}",
            path,
            inner: cause);

    internal static StorageErrorCode CodeOf(int errno) => errno switch
    {
        Posix.ENOENT or Posix.ENOTDIR => StorageErrorCode.NotFound,
        Posix.EEXIST or Posix.EISDIR => StorageErrorCode.AlreadyExists,
        Posix.EACCES or Posix.EPERM or Posix.EROFS => StorageErrorCode.Denied,
        Posix.EMFILE or Posix.ENFILE => StorageErrorCode.TooManyFiles,
        Posix.ENOSPC => StorageErrorCode.NoSpace,
        Posix.EFBIG => StorageErrorCode.LimitExceeded,
        _ when errno == Posix.EDQUOT => StorageErrorCode.NoSpace,
        _ when errno == Posix.ELOOP => StorageErrorCode.Denied,
        _ when errno == Posix.ENOTSUP || errno == Posix.ENOSYS => StorageErrorCode.Unsupported,
        _ => StorageErrorCode.Io,
    };

    private static string? AdviceOf(int errno) => errno switch
    {
        Posix.EROFS => "the file system is mounted read-only",
        Posix.ENOSPC => "free some space; what was stored is intact",
        Posix.EMFILE => "raise the process's limit of open files (ulimit -n)",
        Posix.ENFILE => "the system's table of open files is full",
        Posix.EFBIG => "the file system or a limit (ulimit -f) allows no longer file",
        _ when errno == Posix.EDQUOT => "the quota is used up; what was stored is intact",
        _ when errno == Posix.ELOOP => "symbolic links to files are not followed inside a store",
        _ => null,
    };

    private static string Fact(string operation, int errno) =>
        $"cannot {operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
}
