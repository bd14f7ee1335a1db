namespace Mortise.Conformance;

/// <summary>What checking a law came to.</summary>
public enum LawVerdict
{
    /// <summary>It holds as far as was looked.</summary>
    Passed = 1,

    /// <summary>It is broken; the detail says how.</summary>
    Failed = 2,

    /// <summary>The subject declares that it does not offer this, and refuses as it should.</summary>
    RefusedCorrectly = 3,

    /// <summary>The law does not concern the subject.</summary>
    NotApplicable = 4,

    /// <summary>The user left it out: the run is partial.</summary>
    SkippedByUser = 5,

    /// <summary>The check itself could not be made, for example because the subject does not open at all.</summary>
    Errored = 6,

    /// <summary>It is broken, as the author's list says, and the list's term has not ended: the run is
    /// partial.</summary>
    KnownFailure = 7,
}
