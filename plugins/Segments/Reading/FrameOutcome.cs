namespace Mortise.Segments;

/// <summary>What looking for a frame found.</summary>
internal enum FrameOutcome
{
    /// <summary>A whole frame in its place.</summary>
    Whole = 1,

    /// <summary>A length that no frame here can have.</summary>
    BadLength = 2,

    /// <summary>A checksum that does not match.</summary>
    BadChecksum = 3,

    /// <summary>A file that ends too early.</summary>
    Missing = 4,

    /// <summary>A compressed block that fails its checksum.</summary>
    BadBlock = 5,
}
