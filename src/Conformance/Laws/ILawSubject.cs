namespace Mortise.Conformance;

/// <summary>What laws are checked on.</summary>
public interface ILawSubject
{
    /// <summary>A name for reports.</summary>
    string Name { get; }

    /// <summary>What it offers of what laws can need.</summary>
    LawNeeds Offers();
}
