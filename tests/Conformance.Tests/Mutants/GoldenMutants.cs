using Mortise.Components;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Components with a store of an earlier version that they do not read as it was.</summary>
internal static class GoldenMutants
{
    /// <summary>The component with a golden store whose content it does not find.</summary>
    public static ComponentSubject<T> StartsOverWith<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => new()
        {
            Name = "starts over",
            Open = sound.Open,
            Examiner = sound.Examiner,
            GoldenStores = [new GoldenStore { FormatVersion = 1, Files = [], Content = "what was there" }],
        };
}
