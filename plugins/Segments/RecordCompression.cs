namespace Mortise.Segments;

/// <summary>How the records of a new segment are compressed.</summary>
public enum RecordCompression
{
    /// <summary>Not at all: records are read where they lie.</summary>
    None = 0,

    /// <summary>Brotli (RFC 7932), in blocks of records.</summary>
    Brotli = 1,
}
