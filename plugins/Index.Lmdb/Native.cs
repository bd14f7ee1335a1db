using System.Runtime.InteropServices;

namespace Mortise.Index.Lmdb;

/// <summary>The C interface of LMDB 0.9, found at run time. See <c>lmdb.h</c>.</summary>
internal static unsafe partial class Native
{
    public const uint NoReadAhead = 0x800000;
    public const uint NoThreadLocal = 0x200000;
    public const uint ReadOnly = 0x20000;

    public const int NotFound = -30798;
    public const int Corrupted = -30796;
    public const int VersionMismatch = -30794;
    public const int Invalid = -30793;
    public const int MapFull = -30792;
    public const int ReadersFull = -30790;

    public const int Last = 6;
    public const int Next = 8;
    public const int Previous = 12;
    public const int SetRange = 17;

    private const string Library = "lmdb";

    private static readonly string[] s_names = OperatingSystem.IsMacOS()
        ? ["liblmdb.dylib", "/opt/homebrew/lib/liblmdb.dylib", "/usr/local/lib/liblmdb.dylib"]
        : ["liblmdb.so.0", "liblmdb.so"];

    private static readonly Lazy<nint> s_library = new(Find);

    static Native() => NativeLibrary.SetDllImportResolver(
        typeof(Native).Assembly, static (name, _, _) => name == Library ? s_library.Value : 0);

    /// <summary>True when the library is on this machine.</summary>
    public static bool IsAvailable => s_library.Value != 0;

    [LibraryImport(Library, EntryPoint = "mdb_strerror")]
    public static partial nint Message(int error);

    [LibraryImport(Library, EntryPoint = "mdb_env_create")]
    public static partial int CreateEnvironment(out nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_env_set_mapsize")]
    public static partial int SetMapSize(nint environment, nuint bytes);

    [LibraryImport(Library, EntryPoint = "mdb_env_set_maxreaders")]
    public static partial int SetMaxReaders(nint environment, uint readers);

    [LibraryImport(Library, EntryPoint = "mdb_env_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenEnvironment(nint environment, string path, uint flags, uint mode);

    [LibraryImport(Library, EntryPoint = "mdb_env_close")]
    public static partial void CloseEnvironment(nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_env_get_maxkeysize")]
    public static partial int MaxKeyBytes(nint environment);

    [LibraryImport(Library, EntryPoint = "mdb_env_info")]
    public static partial int GetInfo(nint environment, EnvironmentInfo* info);

    [LibraryImport(Library, EntryPoint = "mdb_reader_check")]
    public static partial int ClearDeadReaders(nint environment, out int cleared);

    [LibraryImport(Library, EntryPoint = "mdb_txn_begin")]
    public static partial int Begin(nint environment, nint parent, uint flags, out nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_txn_commit")]
    public static partial int Commit(nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_txn_abort")]
    public static partial void Abort(nint transaction);

    [LibraryImport(Library, EntryPoint = "mdb_dbi_open")]
    public static partial int OpenDatabase(nint transaction, nint name, uint flags, out uint database);

    [LibraryImport(Library, EntryPoint = "mdb_drop")]
    public static partial int Drop(nint transaction, uint database, int delete);

    [LibraryImport(Library, EntryPoint = "mdb_stat")]
    public static partial int GetStatistics(nint transaction, uint database, DatabaseStatistics* statistics);

    [LibraryImport(Library, EntryPoint = "mdb_get")]
    public static partial int Get(nint transaction, uint database, Value* key, Value* data);

    [LibraryImport(Library, EntryPoint = "mdb_put")]
    public static partial int Put(nint transaction, uint database, Value* key, Value* data, uint flags);

    [LibraryImport(Library, EntryPoint = "mdb_del")]
    public static partial int Delete(nint transaction, uint database, Value* key, Value* data);

    [LibraryImport(Library, EntryPoint = "mdb_cursor_open")]
    public static partial int OpenCursor(nint transaction, uint database, out nint cursor);

    [LibraryImport(Library, EntryPoint = "mdb_cursor_close")]
    public static partial void CloseCursor(nint cursor);

    [LibraryImport(Library, EntryPoint = "mdb_cursor_get")]
    public static partial int Move(nint cursor, Value* key, Value* data, int operation);

    private static nint Find()
    {
        foreach (string name in s_names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }

        return 0;
    }

    /// <summary><c>MDB_val</c>: bytes that belong to somebody else.</summary>
    public struct Value(byte* start, int length)
    {
        public nuint Size = (nuint)length;
        public byte* Data = start;

        public readonly ReadOnlySpan<byte> Span => new(Data, checked((int)Size));
    }

    public struct DatabaseStatistics
    {
        public uint PageBytes;
        public uint Depth;
        public nuint BranchPages;
        public nuint LeafPages;
        public nuint OverflowPages;
        public nuint Entries;
    }

    public struct EnvironmentInfo
    {
        public nint Address;
        public nuint MapBytes;
        public nuint LastPage;
        public nuint LastTransaction;
        public uint MaxReaders;
        public uint Readers;
    }
}
