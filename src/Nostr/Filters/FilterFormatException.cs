namespace Mortise.Nostr;

/// <summary>A text is not a filter.</summary>
public sealed class FilterFormatException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="reason">A lower-case fact: what was found and what is expected.</param>
    /// <param name="position">Where, in bytes from the start of the text.</param>
    public FilterFormatException(string reason, long position)
        : base($"{reason} (at byte {position})")
    {
        Reason = reason;
        Position = position;
    }

    /// <summary>What was found and what is expected.</summary>
    public string Reason { get; }

    /// <summary>Where, in bytes from the start of the text.</summary>
    public long Position { get; }
}
