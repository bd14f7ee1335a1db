namespace Mortise.Conformance;

/// <summary>What laws are checked on.</summary>
public interface ILawSubject
{
    /// <summary>A name for reports.</summary>
    string Name { get; }

    /// <summary>Loads the plugin once more, into a context that can be unloaded, passes its subject on, unloads it, and
    /// says what still holds it; null when it is gone. Null where plugins are not loaded from files.</summary>
    Func<Action<ILawSubject>, string?>? UseInOwnContext { get; set; }

    /// <summary>What it offers of what laws can need.</summary>
    LawNeeds Offers();
}
