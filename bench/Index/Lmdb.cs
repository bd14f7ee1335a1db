using System.Runtime.InteropServices;

namespace Mortise.Bench.Index;

/// <summary>The part of LMDB's C interface that is measured; the library is found at run time.</summary>
internal static unsafe partial class Lmdb
{
    public const string Library = "liblmdb.so.0";
    public const uint NoSubDir = 0x4000;
    public const uint NoSync = 0x10000;
    public const uint WriteMap = 0x80000;
    public const uint NoReadAhead = 0x800000;
    public const uint ReadOnly = 0x20000;
    public const int SetRange = 17;
    public const int Next = 8;
    public const int NotFound = -30798;

    public struct Val
    {
        public nuint Size;
        public byte* Data;
    }

    [LibraryImport(Library)]
    public static partial int mdb_env_create(out nint env);

    [LibraryImport(Library)]
    public static partial int mdb_env_set_mapsize(nint env, nuint size);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mdb_env_open(nint env, string path, uint flags, uint mode);

    [LibraryImport(Library)]
    public static partial int mdb_env_sync(nint env, int force);

    [LibraryImport(Library)]
    public static partial void mdb_env_close(nint env);

    [LibraryImport(Library)]
    public static partial int mdb_txn_begin(nint env, nint parent, uint flags, out nint txn);

    [LibraryImport(Library)]
    public static partial int mdb_txn_commit(nint txn);

    [LibraryImport(Library)]
    public static partial void mdb_txn_abort(nint txn);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mdb_dbi_open(nint txn, string? name, uint flags, out uint dbi);

    [LibraryImport(Library)]
    public static partial int mdb_put(nint txn, uint dbi, Val* key, Val* data, uint flags);

    [LibraryImport(Library)]
    public static partial int mdb_get(nint txn, uint dbi, Val* key, Val* data);

    [LibraryImport(Library)]
    public static partial int mdb_cursor_open(nint txn, uint dbi, out nint cursor);

    [LibraryImport(Library)]
    public static partial int mdb_cursor_get(nint cursor, Val* key, Val* data, int operation);

    [LibraryImport(Library)]
    public static partial void mdb_cursor_close(nint cursor);

    public static void Check(int result)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"LMDB answered {result}");
        }
    }
}
