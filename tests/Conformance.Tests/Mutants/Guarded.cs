using Mortise.Components;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Subjects behind the host's contract checks, as <c>decorate: [check]</c> puts them there.</summary>
internal static class Guarded
{
    private static readonly Settings s_check = new();

    public static ComponentSubject<T> Around<T>(ComponentSubject<T> subject)
        where T : class, IStorageComponent => new()
        {
            Name = subject.Name,
            Open = async (context, cancellation) =>
                Decorations.Decorate(await subject.Open(context, cancellation), s_check, context),
            Examiner = subject.Examiner,
            GoldenStores = subject.GoldenStores,
        };

    public static CachePolicySubject Around(CachePolicySubject subject) => new()
    {
        Name = subject.Name,
        Create = (capacity, seed) => new CheckedPolicy(subject.Create(capacity, seed), CheckOf(subject.Name)),
        Reference = subject.Reference,
    };

    public static PartitionSubject Around(PartitionSubject subject) => new()
    {
        Name = subject.Name,
        Create = () => new CheckedScheme(subject.Create(), CheckOf(subject.Name)),
        Others = [.. subject.Others.Select(other =>
            (Func<Partitioning.IPartitionScheme>)(() => new CheckedScheme(other(), CheckOf(subject.Name))))],
        GoldenVectors = subject.GoldenVectors,
    };

    private static ContractCheck CheckOf(string name) => new(
        new ComponentIdentity
        {
            PluginId = "mutants",
            PluginVersion = "1.0.0",
            ComponentId = name,
            FormatName = "",
            FormatVersion = 0,
            OldestReadableFormatVersion = 0,
        },
        name,
        new CollectingLog(),
        meter: null);

    private sealed class Settings : DecoratedSettings
    {
        public Settings() => Decorate = [Decoration.Check];
    }
}
