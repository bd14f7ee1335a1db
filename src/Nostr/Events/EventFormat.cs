namespace Mortise.Nostr;

/// <summary>The numbers of the stored encoding of an event, as FORMAT.md beside this file states them.</summary>
internal static class EventFormat
{
    internal const byte Version = 1;

    internal const byte FlagExtensions = 0x01;
    internal const byte KnownFlags = FlagExtensions;

    internal const int VersionOffset = 0;
    internal const int FlagsOffset = 1;
    internal const int KindOffset = 2;
    internal const int CreatedAtOffset = 4;
    internal const int IdOffset = 12;
    internal const int PublicKeyOffset = 44;
    internal const int SignatureOffset = 76;
    internal const int FixedBytes = 140;

    internal const int IdBytes = 32;
    internal const int PublicKeyBytes = 32;
    internal const int SignatureBytes = 64;

    internal const int MaxKind = ushort.MaxValue;

    /// <summary>Strings shorter than this many characters are never packed: there is nothing to win.</summary>
    internal const int MinPackedCharacters = 16;

    /// <summary>Three counts follow the fixed part, a byte each at least.</summary>
    internal const int MinRecordBytes = FixedBytes + 3;

    /// <summary>The first number of an extension field.</summary>
    internal const int MinExtensionType = 1;

    internal static StorageException Corrupt(string fact) => new(StorageErrorCode.Corrupt, "event record: " + fact);
}
