namespace Mortise.Components;

/// <summary>What a copy holds, and what it cost.</summary>
/// <param name="DurableLsn">The state that was copied.</param>
/// <param name="FilesCopied">Files that were written.</param>
/// <param name="BytesCopied">Their bytes.</param>
/// <param name="FilesKept">Files of an earlier copy that still hold the same.</param>
/// <param name="BytesKept">Their bytes.</param>
public readonly record struct CopySummary(
    Lsn DurableLsn, int FilesCopied, long BytesCopied, int FilesKept, long BytesKept);
