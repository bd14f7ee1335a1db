namespace Mortise.Conformance;

/// <summary>How binding a law is.</summary>
public enum LawLevel
{
    /// <summary>A component that breaks it does not conform.</summary>
    Must = 1,

    /// <summary>A component that breaks it works, and says so in its documentation.</summary>
    Should = 2,

    /// <summary>About cost, not about results.</summary>
    Performance = 3,
}
