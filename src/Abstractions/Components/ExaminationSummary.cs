namespace Mortise.Components;

/// <summary>What an examination looked at.</summary>
public sealed class ExaminationSummary
{
    /// <summary>Files read.</summary>
    public required int Files { get; init; }

    /// <summary>Bytes read.</summary>
    public required long Bytes { get; init; }

    /// <summary>Entries, records or log records seen whole.</summary>
    public required long Items { get; init; }

    /// <summary>Lines for a person, in order: <c>free pages: 12</c>.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
