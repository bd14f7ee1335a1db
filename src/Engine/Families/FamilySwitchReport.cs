using Mortise.Components;

namespace Mortise.Engine;

/// <summary>What exchanging a family did.</summary>
public sealed class FamilySwitchReport
{
    /// <summary>The family's name.</summary>
    public required string Name { get; init; }

    /// <summary>Records it was built from.</summary>
    public required long Records { get; init; }

    /// <summary>The structure that was there; null when the family is new.</summary>
    public required ComponentIdentity? Replaced { get; init; }

    /// <summary>The structure that is there now.</summary>
    public required ComponentIdentity Structure { get; init; }

    /// <summary>From the begin of the scan until the old family was gone.</summary>
    public required TimeSpan Duration { get; init; }
}
