namespace Mortise.Conformance;

/// <summary>How much is tried.</summary>
public enum LawTier
{
    /// <summary>Seconds for all laws of a contract.</summary>
    Smoke = 1,

    /// <summary>Minutes.</summary>
    Standard = 2,

    /// <summary>As long as one likes to wait.</summary>
    Soak = 3,
}
