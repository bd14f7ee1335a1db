namespace Mortise.Wal.Format;

/// <summary>Every number of the file format; FORMAT.md says the same in prose and a test holds the two
/// together.</summary>
internal static class WalFormat
{
    public const string Name = "mortise-wal";
    public const int Version = 1;
    public const int OldestReadable = 1;

    public const string ControlName = "control";
    public const string ControlDraftName = "control.tmp";
    public const string LockName = "lock";
    public const string SegmentSuffix = ".wal";
    public const string SparePrefix = "spare-";
    public const string DraftSuffix = ".tmp";
    public const int SequenceDigits = 16;

    // Control file: two slots, far enough apart that no sector and no page holds both.
    public const int SlotBytes = 512;
    public const int SlotDistance = 4096;
    public const int ControlBytes = 2 * SlotDistance;
    public const int SlotChecksumAt = SlotBytes - 8;

    public static ReadOnlySpan<byte> ControlMagic => "MRTSWALC"u8;

    // Segment file: a header block, then frames.
    public const int HeaderBytes = 4096;
    public const int HeaderChecksumAt = HeaderBytes - 8;

    public static ReadOnlySpan<byte> SegmentMagic => "MRTSWALS"u8;

    // Frame.
    public const int FrameHeaderBytes = 40;
    public const int FrameAlignment = 8;
    public const ushort RecordType = 1;
    public const uint NoClaim = uint.MaxValue;

    /// <summary>Bytes a record takes in a segment.</summary>
    public static long FrameBytes(int payloadBytes) =>
        ((long)FrameHeaderBytes + payloadBytes + FrameAlignment - 1) & ~(FrameAlignment - 1L);

    public static string SegmentName(ulong sequence) => sequence.ToString("x16", null) + SegmentSuffix;

    public static string SpareName(ulong sequence) => SparePrefix + SegmentName(sequence);

    public static string DraftName(ulong sequence) => sequence.ToString("x16", null) + DraftSuffix;

    /// <summary>Reads the sequence out of a segment's name.</summary>
    public static bool TryParseSegmentName(ReadOnlySpan<char> name, out ulong sequence)
    {
        sequence = 0;
        return name.Length == SequenceDigits + SegmentSuffix.Length
            && name.EndsWith(SegmentSuffix, StringComparison.Ordinal)
            && TryParseDigits(name[..SequenceDigits], out sequence);
    }

    /// <summary>True for the names of spare segments and of drafts: nothing in them is part of the log.</summary>
    public static bool TryParseSpareName(ReadOnlySpan<char> name, out ulong sequence)
    {
        sequence = 0;
        return name.StartsWith(SparePrefix, StringComparison.Ordinal)
            && TryParseSegmentName(name[SparePrefix.Length..], out sequence);
    }

    public static bool IsDraftName(ReadOnlySpan<char> name) =>
        name.SequenceEqual(ControlDraftName)
        || (name.Length == SequenceDigits + DraftSuffix.Length
            && name.EndsWith(DraftSuffix, StringComparison.Ordinal)
            && TryParseDigits(name[..SequenceDigits], out _));

    private static bool TryParseDigits(ReadOnlySpan<char> digits, out ulong value)
    {
        value = 0;
        foreach (char c in digits)
        {
            int digit = c is >= '0' and <= '9' ? c - '0' : c is >= 'a' and <= 'f' ? c - 'a' + 10 : -1;
            if (digit < 0)
            {
                return false;
            }

            value = (value << 4) | (uint)digit;
        }

        return value != 0;
    }
}
