namespace Mortise.Segments;

/// <summary>How the frames of one block are stored. The numbers are stored.</summary>
internal enum BlockCodec : byte
{
    /// <summary>As they are: compression would not have made them smaller.</summary>
    Stored = 0,

    /// <summary>Brotli (RFC 7932).</summary>
    Brotli = 1,
}
