using Mortise.Components;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Host.Composition;

/// <summary>Holds what the components of a stack require, prefer and exclude against what the others are and
/// offer.</summary>
/// <remarks>Everything is known before anything is opened. Names that the contract gives a meaning are believed no
/// further than the opened component bears them out.</remarks>
internal static class StackAgreement
{
    /// <summary>Finds what does not agree.</summary>
    /// <param name="roles">The components of a stack, each in its role.</param>
    /// <param name="catalog">What else is installed, for advice.</param>
    /// <param name="problems">Receives a problem for each requirement that nobody meets and each conflict, with both
    /// sides named.</param>
    /// <returns>What is preferred and not there, a line each.</returns>
    public static IReadOnlyList<string> Check(
        IReadOnlyList<ResolvedComponent> roles, PluginCatalog catalog, ICollection<Problem> problems)
    {
        var fallbacks = new List<string>();
        foreach (ResolvedComponent role in roles)
        {
            ResolvedComponent[] others = [.. roles.Where(r => !ReferenceEquals(r, role))];
            foreach (string wanted in role.Component.Descriptor.Requires.Where(w => !others.Any(o => Is(o, w))))
            {
                problems.Add(new Problem(
                    ProblemCode.Incompatible,
                    role.Choice.IdAt,
                    $"{Name(role)}, which requires '{wanted}', and no other component of the stack offers that"
                    + Who(wanted, catalog)));
            }

            foreach (string wanted in role.Component.Descriptor.Prefers.Where(w => !others.Any(o => Is(o, w))))
            {
                fallbacks.Add(
                    $"{Name(role)}, which prefers '{wanted}' and does without: no other component of the stack offers "
                        + "that"
                    + Who(wanted, catalog));
            }

            foreach (string excluded in role.Component.Descriptor.Conflicts)
            {
                foreach (ResolvedComponent other in others.Where(o => Is(o, excluded)))
                {
                    problems.Add(new Problem(
                        ProblemCode.Incompatible,
                        role.Choice.IdAt,
                        $"{Name(role)}, which conflicts with '{excluded}', and {Name(other)}: choose one of them"));
                }
            }
        }

        return fallbacks;
    }

    /// <summary>Holds what an opened component says that it offers against what it can do.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.PluginFault"/>: it offers what it has
    /// not.</exception>
    public static void RequireTrue(PluginComponent component, IStorageComponent opened)
    {
        foreach (string offered in component.Descriptor.Offers)
        {
            bool isTrue = offered switch
            {
                "records.reclaim" => opened.TryGet(out IReclaimable? _),
                "records.salvage" => opened.TryGet(out IRecordSalvage? _),
                "index.pack" => opened.TryGet(out IPackableIndex? _),
                "log.dump" => component.Examiner is ILogDumper,
                _ => true,
            };
            if (!isTrue)
            {
                throw new StorageException(
                    StorageErrorCode.PluginFault,
                    $"plugin {component.Plugin} says that {component.Descriptor.Id} offers '{offered}', and it does "
                        + "not",
                    advice: "this is a defect in the plugin; another component may have been chosen for it");
            }
        }
    }

    private static bool Is(ResolvedComponent role, string name) =>
        role.Component.Descriptor.Id == name || role.Component.Descriptor.Offers.Contains(name, StringComparer.Ordinal);

    private static string Name(ResolvedComponent role) => $"{role.Place} is {role.Component.Descriptor.Id}";

    /// <summary>Who could be named instead; known from manifests.</summary>
    private static string Who(string wanted, PluginCatalog catalog)
    {
        string[] offering =
        [
            .. catalog.Plugins.SelectMany(static p => p.Manifest.Components)
                .Where(c => c.IsCalled(wanted) || c.Offers.Contains(wanted, StringComparer.Ordinal))
                .Select(static c => c.Id).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        return offering.Length == 0 ? "; nothing that is installed does" : $"; installed are: {string.Join(", ", offering)}";
    }
}
