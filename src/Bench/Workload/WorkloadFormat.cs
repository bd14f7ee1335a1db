namespace Mortise.Bench.Workload;

/// <summary>The numbers of the workload's two files. All integers are little-endian. bench/rivals/README.md says every
/// byte.</summary>
internal static class WorkloadFormat
{
    public const int HeaderBytes = 64;
    public const int CountOffset = 8;
    public const int SeedOffset = 16;
    public const int AuthorsOffset = 24;
    public const int HashtagsOffset = 28;
    public const int WordsOffset = 32;
    public const int StartOffset = 40;
    public const int SpanOffset = 48;

    public const int IdOffset = 0;
    public const int PublicKeyOffset = 32;
    public const int CreatedAtOffset = 64;
    public const int KindOffset = 72;
    public const int TagCountOffset = 76;
    public const int PayloadLengthOffset = 78;
    public const int FixedBodyBytes = 80;
    public const int SignatureBytes = 64;
    public const int KeyBytes = 32;

    public const int QueryHeaderBytes = 16;
    public const int SectionHeaderBytes = 16;

    public static ReadOnlySpan<byte> EventsMagic => "NEVW0001"u8;

    public static ReadOnlySpan<byte> QueriesMagic => "NEVQ0001"u8;
}
