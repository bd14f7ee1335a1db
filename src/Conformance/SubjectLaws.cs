using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>A component with the laws of its contract, whatever the contract is.</summary>
public abstract class SubjectLaws
{
    private protected SubjectLaws()
    {
    }

    /// <summary>The component's id.</summary>
    public abstract string Name { get; }

    /// <summary>Its contract.</summary>
    public abstract LawContract Contract { get; }

    /// <summary>The laws of the contract, in the order of the suite.</summary>
    public abstract IReadOnlyList<Law> Laws { get; }

    /// <summary>What it offers of what laws can need. Opens it.</summary>
    public abstract LawNeeds Offers();

    /// <summary>A store as this version writes it, for later ones to be checked with; null when there is
    /// none.</summary>
    public abstract GoldenStore? MakeGolden();

    /// <summary>Checks one law.</summary>
    /// <param name="law">Its id.</param>
    /// <param name="settings">Null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no such law.</exception>
    public abstract LawResult Check(string law, LawSettings? settings = null);

    internal static SubjectLaws Of<TSubject>(
        TSubject subject, LawSuite<TSubject> suite, Func<GoldenStore?>? makeGolden = null)
        where TSubject : ILawSubject => new Pair<TSubject>(subject, suite, makeGolden);

    internal static SubjectLaws Of<T>(
        ComponentSubject<T> subject, LawSuite<ComponentSubject<T>> suite, CommonProbe<T> probe)
        where T : class, IStorageComponent => Of(subject, suite, () => CommonUpgradeLaw.Make(subject, probe));

    private sealed class Pair<TSubject>(
        TSubject subject, LawSuite<TSubject> suite, Func<GoldenStore?>? makeGolden) : SubjectLaws
        where TSubject : ILawSubject
    {
        public override string Name => subject.Name;

        public override LawContract Contract => suite.Laws[0].Contract;

        public override IReadOnlyList<Law> Laws => suite.Laws;

        public override LawNeeds Offers() => subject.Offers();

        public override GoldenStore? MakeGolden() => makeGolden?.Invoke();

        public override LawResult Check(string law, LawSettings? settings = null) =>
            suite.Check(law, subject, settings);
    }
}
