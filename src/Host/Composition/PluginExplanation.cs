using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>Says step by step how a component was found, or why not. What <c>mortise plugins why</c> prints.</summary>
internal static class PluginExplanation
{
    /// <summary>Explains a component.</summary>
    /// <param name="componentId">The id that a stack names.</param>
    /// <param name="catalog">What is installed.</param>
    /// <param name="loaded">What is loaded.</param>
    /// <returns>One line a step, indented below its plugin.</returns>
    public static IReadOnlyList<string> Of(
        string componentId, PluginCatalog catalog, IReadOnlyList<LoadedPlugin> loaded)
    {
        var lines = new List<string>();
        foreach (LoadedPlugin plugin in loaded.Where(p => p.Resolutions.Count == 0 && Has(p, componentId)))
        {
            lines.Add($"{componentId}: registered from code by {plugin.Origin}");
        }

        InstalledPlugin[] installed = [.. catalog.WithComponent(componentId)];
        foreach (InstalledPlugin plugin in installed)
        {
            Explain(componentId, plugin, loaded.FirstOrDefault(p => p.Origin.Folder == plugin.Folder), lines);
        }

        if (lines.Count == 0)
        {
            IEnumerable<string> known = catalog.Plugins
                .SelectMany(static p => p.Manifest.Components).Select(static c => c.Id)
                .Concat(loaded.SelectMany(static p => p.Components).Select(static c => c.Descriptor.Id));
            lines.Add($"{componentId}: no plugin has it{Suggestion.For(componentId, known, "there is")}");
        }

        string[] owners = [.. installed.Select(static p => p.Manifest.Id).Distinct(StringComparer.Ordinal)];
        if (owners.Length > 1)
        {
            lines.Add($"{componentId}: refused, because several plugins claim it: {string.Join(", ", owners)}");
        }

        lines.AddRange(catalog.Problems.Select(static p => $"not a plugin: {p}"));
        return lines;
    }

    private static void Explain(string componentId, InstalledPlugin plugin, LoadedPlugin? loaded, List<string> lines)
    {
        PluginManifest manifest = plugin.Manifest;
        ComponentDeclaration component = manifest.Components.First(c => c.IsCalled(componentId));
        lines.Add($"{componentId}: {plugin}");
        lines.Add($"  found      {manifest.At}");
        lines.Add($"  kind       {OptionText.Kebab(component.Kind.ToString())}"
            + (component.Format.Length == 0
                ? ", no files"
                : $", writes {component.Format} {component.FormatVersion}, reads from {component.OldestReadable}"));
        lines.Add($"  contract   {manifest.Contract}, this host has {ContractVersion.Current.ToNormalizedString()}");
        var problems = new List<Problem>();
        PluginInspection.Check(plugin, problems);
        lines.AddRange(problems.Select(static p => $"  refused    {p.Message}"));
        if (loaded is null)
        {
            lines.Add(problems.Count == 0 ? "  loaded     no: nothing has asked for it" : "  loaded     no");
            return;
        }

        lines.Add($"  files      sha256 {loaded.Origin.Sha256}, {new ByteSize(loaded.Origin.Bytes)}");
        lines.Add($"  copy       {loaded.Origin.LoadedFrom}");
        lines.Add($"  loaded     yes, in {loaded.LoadTime.TotalMilliseconds:0.0} ms");
        lines.AddRange(loaded.Resolutions
            .DistinctBy(static r => r.Name)
            .Select(static r => $"  assembly   {r.Name} {r.Requested}: {r.Rule}, {r.Source}"));
        lines.AddRange(loaded.Components.Where(c => c.Descriptor.Id == componentId)
            .SelectMany(static c => OptionProperty.Of(c.OptionsType))
            .Select(static p => $"  option     {p.Key}: {OptionText.Describe(p.ValueType)}"));
    }

    private static bool Has(LoadedPlugin plugin, string componentId) =>
        plugin.Components.Any(c => string.Equals(c.Descriptor.Id, componentId, StringComparison.Ordinal));
}
