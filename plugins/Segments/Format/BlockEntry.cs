namespace Mortise.Segments;

/// <summary>Where one block of a packed segment is.</summary>
/// <param name="Start">Offset of its first frame in the segment.</param>
/// <param name="Place">Offset of the block in the file.</param>
/// <param name="ImageBytes">Bytes of its frames.</param>
/// <param name="FileBytes">Bytes of the block in the file, header and padding included.</param>
internal readonly record struct BlockEntry(long Start, long Place, int ImageBytes, int FileBytes);
