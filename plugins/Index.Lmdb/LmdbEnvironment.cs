using System.Runtime.InteropServices;
using Mortise.Files;

namespace Mortise.Index.Lmdb;

/// <summary>An open LMDB environment, shared by the index and its snapshots and closed with the last of them.</summary>
/// <remarks>Threads: any; a write transaction begins and ends on one thread.</remarks>
internal sealed unsafe class LmdbEnvironment
{
    private nint _environment;
    private int _references = 1;

    private LmdbEnvironment(nint environment, uint database, int maxKeyBytes, IStorageDirectory directory)
    {
        _environment = environment;
        Database = database;
        DirectBytes = maxKeyBytes - 1;
        Directory = directory;
    }

    public uint Database { get; }

    /// <summary>Keys of this length and longer are kept in lists.</summary>
    public int DirectBytes { get; }

    public IStorageDirectory Directory { get; }

    /// <summary>Opens or creates an environment.</summary>
    /// <param name="directory">Its directory.</param>
    /// <param name="path">The same, for the operating system.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="error">LMDB's error, when it is one of the files and not of the device.</param>
    /// <returns>Null when the files are not LMDB's, or damaged.</returns>
    public static LmdbEnvironment? TryOpen(IStorageDirectory directory, string path, LmdbOptions options, out string error)
    {
        error = "";
        nint environment = 0;
        try
        {
            Check(Native.CreateEnvironment(out environment), directory, "create");
            Check(Native.SetMapSize(environment, (nuint)options.MapSize.Bytes), directory, "size");
            Check(Native.SetMaxReaders(environment, (uint)options.MaxReaders), directory, "size");
            int opened = Native.OpenEnvironment(
                environment, path, Native.NoThreadLocal | Native.NoReadAhead, 0b110_100_000);
            if (opened is Native.Invalid or Native.Corrupted or Native.VersionMismatch)
            {
                error = Text(opened);
                return null;
            }

            Check(opened, directory, "open");
            Check(Native.ClearDeadReaders(environment, out _), directory, "examine");
            Check(Native.Begin(environment, 0, 0, out nint transaction), directory, "begin in");
            int database = Native.OpenDatabase(transaction, 0, 0, out uint handle);
            if (database != 0)
            {
                Native.Abort(transaction);
                Check(database, directory, "open the database of");
            }

            Check(Native.Commit(transaction), directory, "commit in");
            var result = new LmdbEnvironment(environment, handle, Native.MaxKeyBytes(environment), directory);
            environment = 0;
            return result;
        }
        finally
        {
            if (environment != 0)
            {
                Native.CloseEnvironment(environment);
            }
        }
    }

    /// <summary>Throws for anything but success.</summary>
    public void Check(int error, string what) => Check(error, Directory, what);

    public nint Begin(bool isReadOnly)
    {
        Check(Native.Begin(_environment, 0, isReadOnly ? Native.ReadOnly : 0, out nint transaction), "begin in");
        return transaction;
    }

    public long DiskBytes(uint pageBytes)
    {
        Native.EnvironmentInfo info;
        Check(Native.GetInfo(_environment, &info), "examine");
        return (long)(info.LastPage + 1) * pageBytes;
    }

    /// <summary>False when it is closed.</summary>
    public bool TryAddReference()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int found = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            Native.CloseEnvironment(_environment);
            _environment = 0;
        }
    }

    private static string Text(int error) => Marshal.PtrToStringUTF8(Native.Message(error)) ?? $"error {error}";

    private static void Check(int error, IStorageDirectory directory, string what)
    {
        if (error == 0)
        {
            return;
        }

        (StorageErrorCode code, string? advice) = error switch
        {
            Native.MapFull => (StorageErrorCode.NoSpace, "raise mapSize in the stack"),
            Native.ReadersFull => (StorageErrorCode.LimitExceeded, "raise maxReaders in the stack, or close views"),
            Native.Corrupted or Native.Invalid => (StorageErrorCode.Corrupt, "reopen the store to rebuild the index"),
            28 => (StorageErrorCode.NoSpace, null),
            _ => (StorageErrorCode.Io, (string?)null),
        };
        throw new StorageException(
            code, $"LMDB could not {what} the environment: {Text(error)}", directory.Path, advice: advice);
    }
}
