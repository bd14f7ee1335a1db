using System.IO.Hashing;

namespace Mortise.Segments;

/// <summary>Names, versions and the position check that all files of the store share. Specified in FORMAT.md.</summary>
internal static class SegmentFormat
{
    public const string ComponentId = "mortise.segments";
    public const string Name = "mortise-segments";
    public const int Version = 2;
    public const int OldestReadableVersion = 1;

    public const string CheckpointName = "checkpoint";
    public const string CheckpointDraftName = "checkpoint.new";

    /// <summary>Behind the name of a file that a quarantine made anew, until it takes that name.</summary>
    public const string MendedSuffix = ".mended";

    /// <summary>Says, when it can be read, that a quarantine has to go on where it was cut short.</summary>
    public const string MendedCheckpointName = CheckpointName + MendedSuffix;
    public const string LockName = "lock";
    public const string SegmentPrefix = "seg-";
    public const string SegmentSuffix = ".seg";
    public const string TombstonePrefix = "tombs-";
    public const string TombstoneSuffix = ".log";

    public static string SegmentName(uint number) => $"{SegmentPrefix}{number:d10}{SegmentSuffix}";

    public static string TombstoneName(uint generation) => $"{TombstonePrefix}{generation:d10}{TombstoneSuffix}";

    /// <summary>Reads the number from a name that <see cref="SegmentName"/> or <see cref="TombstoneName"/> made.</summary>
    public static bool TryNumber(string name, string prefix, string suffix, out uint number)
    {
        number = 0;
        return name.Length == prefix.Length + 10 + suffix.Length
            && name.StartsWith(prefix, StringComparison.Ordinal)
            && name.EndsWith(suffix, StringComparison.Ordinal)
            && uint.TryParse(
                name.AsSpan(prefix.Length, 10),
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out number);
    }

    /// <summary>The store's share of every position check.</summary>
    public static ulong StoreKey(Guid storeId)
    {
        Span<byte> id = stackalloc byte[16];
        storeId.TryWriteBytes(id, bigEndian: true, out _);
        return XxHash3.HashToUInt64(id);
    }

    /// <summary>A value that differs for any two places of a store; checksums are combined with it, so that bytes in the
    /// wrong place or file never verify. (The finalizer of splitmix64, a bijection.)</summary>
    public static ulong PositionKey(ulong storeKey, ulong place)
    {
        ulong z = storeKey ^ place;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>The typed error for a version that this code does not read; null when it does.</summary>
    public static StorageException? VersionProblem(uint version, string file)
    {
        if (version == 0)
        {
            return StorageException.Corrupt(file, 8, "says that it is of format 0, which there never was");
        }

        if (version > Version)
        {
            return new StorageException(
                StorageErrorCode.FormatTooNew,
                $"written in format {version}, this version of {ComponentId} reads up to {Version}",
                file,
                8,
                "open the store with a newer version of the plugin");
        }

        return version < OldestReadableVersion
            ? new StorageException(
                StorageErrorCode.FormatTooOld,
                $"written in format {version}, this version of {ComponentId} reads from {OldestReadableVersion}",
                file,
                8,
                "upgrade the store with an older version of the plugin first")
            : null;
    }

    /// <summary>The typed error for a file that starts with somebody else's bytes.</summary>
    public static StorageException UnknownWriter(string file) => new(
        StorageErrorCode.UnknownWriter, $"does not start with the mark of {Name}", file, 0);

    /// <summary>The typed error for a file of another store.</summary>
    public static StorageException Foreign(Guid found, Guid expected, string file, long offset) => new(
        StorageErrorCode.ForeignFile, $"belongs to store {found}, expected {expected}", file, offset);
}
