using Mortise.Components;

namespace Mortise.Engine;

/// <summary>What an <see cref="AgreementCheck"/> found.</summary>
public sealed class AgreementReport
{
    /// <summary>Live records.</summary>
    public required long Records { get; init; }

    /// <summary>The families, in the order of the stack.</summary>
    public required IReadOnlyList<FamilyAgreement> Families { get; init; }

    /// <summary>True when nothing is missing, extra or dangling anywhere.</summary>
    public bool IsClean => Families.All(static f => f.Problems == 0);
}

/// <summary>How one family agrees with the records.</summary>
public sealed class FamilyAgreement
{
    /// <summary>The family's name.</summary>
    public required string Family { get; init; }

    /// <summary>Entries that it holds.</summary>
    public required long Entries { get; init; }

    /// <summary>Entries that the live records call for.</summary>
    public required long Expected { get; init; }

    /// <summary>Entries that are missing, extra or dangling.</summary>
    public required long Problems { get; init; }

    /// <summary>The first of them.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}
