using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using NuGet.Versioning;

namespace Mortise.Host.Composition;

/// <summary>Finds, loads and configures what a stack names. Goes on after every problem, so that one run reports
/// all.</summary>
internal sealed class StackResolver(
    PluginCatalog catalog,
    Func<InstalledPlugin, bool, LoadedPlugin> load,
    IReadOnlyList<LoadedPlugin> inProcess,
    IReadOnlyCollection<string>? projections,
    ICollection<Problem> problems)
{
    private readonly HashSet<string> _failed = new(StringComparer.Ordinal);
    private bool _missing;

    /// <summary>Resolves a stack.</summary>
    /// <returns>Null when there was any problem, here or before.</returns>
    public ResolvedStack? Resolve(StackFile source, StackDefinition definition)
    {
        ResolvedComponent? log = Resolve(definition.Log);
        ResolvedComponent? records = Resolve(definition.Records);
        ResolvedComponent? cache = Resolve(definition.Cache);
        var partitions = new List<(string, ResolvedComponent)>();
        foreach ((string name, ComponentChoice choice) in definition.Partitions)
        {
            if (Resolve(choice) is { } scheme)
            {
                partitions.Add((name, scheme));
            }
        }

        var ownProjections = new List<(string, ResolvedComponent)>();
        foreach ((string name, ComponentChoice choice) in definition.Projections)
        {
            CheckProjectionName(name, choice);
            if (Resolve(choice) is { } projection)
            {
                ownProjections.Add((name, projection));
            }
        }

        var families = new List<ResolvedFamily>();
        foreach ((string name, ComponentChoice choice) in definition.Indexes)
        {
            var settings = (FamilySettings)choice.Settings;
            CheckNames(definition, choice, settings);
            if (Resolve(choice) is { } structure)
            {
                families.Add(new ResolvedFamily
                {
                    Name = name,
                    Projection = settings.Projection,
                    Partition = settings.Partition,
                    InlineBelow = settings.InlineBelow,
                    OnFault = settings.OnFault,
                    Structure = structure,
                });
            }
        }

        if (_missing)
        {
            // A folder that could not be read may be the one that is missed.
            foreach (Problem problem in catalog.Problems)
            {
                problems.Add(problem);
            }
        }

        IReadOnlyList<string> fallbacks = StackAgreement.Check(
            [
                .. new[] { log, records, cache }.OfType<ResolvedComponent>(),
                .. partitions.Select(static p => p.Item2),
                .. ownProjections.Select(static p => p.Item2),
                .. families.Select(static f => f.Structure),
            ],
            catalog,
            problems);
        return problems.Count > 0 ? null : new ResolvedStack
        {
            Fallbacks = fallbacks,
            Source = source,
            Log = log!,
            Records = records!,
            Cache = cache,
            CacheBudget = definition.Cache is { Settings: CacheSettings c } ? c.Budget : default,
            CacheDivision = (definition.Cache?.Settings as CacheSettings ?? new CacheSettings()).Division,
            Partitions = partitions,
            Projections = ownProjections,
            Families = families,
            Engine = definition.Engine.With((LogSettings)definition.Log!.Settings),
            Sections = definition.Sections,
            HasRelativeFolders = definition.PluginFolders.Exists(static f => !Path.IsPathRooted(f.Path)),
        };
    }

    /// <summary>Finds a component anew among what is installed now, as the stack chose it.</summary>
    /// <returns>Null when there was any problem.</returns>
    public ResolvedComponent? ResolveAgain(ComponentChoice choice)
    {
        int before = problems.Count;
        ResolvedComponent? found = Resolve(choice);
        return problems.Count == before ? found : null;
    }

    private void CheckProjectionName(string name, ComponentChoice choice)
    {
        if (projections is not null && projections.Contains(name))
        {
            problems.Add(new Problem(
                ProblemCode.Ambiguous, choice.At, $"projections.{name} has the name of a bundled projection"));
        }
    }

    private void CheckNames(StackDefinition definition, ComponentChoice choice, FamilySettings settings)
    {
        string[] schemes = [.. definition.Partitions.Select(static p => p.Name)];
        if (settings.Partition.Length > 0 && !schemes.Contains(settings.Partition))
        {
            problems.Add(new Problem(
                ProblemCode.UnknownReference,
                choice.PositionOf("partition"),
                $"{choice.Place}.partition is '{settings.Partition}', which partitions does not have"
                + Suggestion.For(settings.Partition, schemes, "partitions")));
        }

        string[] own = [.. definition.Projections.Select(static p => p.Name)];
        if (projections is not null && settings.Projection.Length > 0
            && !projections.Contains(settings.Projection) && !own.Contains(settings.Projection))
        {
            problems.Add(new Problem(
                ProblemCode.UnknownReference,
                choice.PositionOf("projection"),
                $"{choice.Place}.projection is '{settings.Projection}', which nobody offers"
                + Suggestion.For(settings.Projection, [.. projections, .. own], "projections")));
        }
    }

    private ResolvedComponent? Resolve(ComponentChoice? choice)
    {
        if (choice is not { ComponentId: { } id } || Find(choice, id) is not { } component)
        {
            return null;
        }

        if (component.Kind != choice.Kind)
        {
            Report(
                ProblemCode.WrongKind,
                choice.IdAt,
                $"{choice.Place}.plugin is '{id}', which is of kind {Word(component.Kind)}, not {Word(choice.Kind)}"
                + Others(choice.Kind));
            return null;
        }

        return new ResolvedComponent(choice, component, BindOptions(choice, component));
    }

    private object BindOptions(ComponentChoice choice, PluginComponent component)
    {
        object options = Activator.CreateInstance(component.OptionsType)!;
        new OptionBinder(problems).Fill(options, choice.Options, choice.Place, choice.HostKeys);
        return options;
    }

    private PluginComponent? Find(ComponentChoice choice, string id)
    {
        PluginComponent[] registered = [.. inProcess
            .SelectMany(static p => p.Components)
            .Where(c => string.Equals(c.Descriptor.Id, id, StringComparison.Ordinal))];
        InstalledPlugin[] installed = [.. catalog.WithComponent(id)];
        string[] owners = [.. registered.Select(static c => c.Plugin.Id)
            .Concat(installed.Select(static p => p.Manifest.Id)).Distinct(StringComparer.Ordinal)];
        if (owners.Length == 0)
        {
            _missing = true;
            Report(
                ProblemCode.UnknownComponent,
                choice.IdAt,
                $"{choice.Place}.plugin is '{id}', which no plugin has" + Others(choice.Kind, id));
            return null;
        }

        if (owners.Length > 1)
        {
            Report(
                ProblemCode.Ambiguous,
                choice.IdAt,
                $"'{id}' is claimed by {owners.Length} plugins: "
                + string.Join(", ", installed.Select(static p => $"{p} in {p.Folder}")));
            return null;
        }

        if (choice.Version is null)
        {
            // Reported where the range was read. The newest tells which options there are.
            return registered.LastOrDefault() ?? Load(choice, installed);
        }

        PluginComponent? fromCode = registered.LastOrDefault(c => choice.Version.Accepts(c.Plugin.Version));
        InstalledPlugin[] accepted = [.. installed.Where(p => choice.Version.Accepts(p.Manifest.Version))];
        if (fromCode is not null)
        {
            if (choice.CanSwap)
            {
                Report(
                    ProblemCode.InvalidValue,
                    choice.PositionOf("reload"),
                    $"{choice.Place}.reload is 'swap', and {fromCode.Plugin} is part of the program, which is not "
                        + "unloaded");
            }

            return fromCode;
        }

        if (accepted.Length > 0)
        {
            return Load(choice, accepted);
        }

        _missing = true;
        IEnumerable<NuGetVersion> versions = installed.Select(static p => p.Manifest.Version)
            .Concat(registered.Select(static c => c.Plugin.Version)).Distinct().Order();
        Report(
            ProblemCode.NoMatchingVersion,
            choice.VersionAt,
            $"{choice.Place}.version is {choice.Version}, and {owners[0]} is there as {string.Join(", ", versions)}");
        return null;
    }

    /// <summary>Loads the newest of some versions of one plugin.</summary>
    private PluginComponent? Load(ComponentChoice choice, InstalledPlugin[] accepted)
    {
        InstalledPlugin newest = accepted[^1];
        InstalledPlugin[] copies = [.. accepted.Where(p => p.Manifest.Version == newest.Manifest.Version)];
        if (copies.Length > 1 && copies.Select(static p => PluginFolder.Hash(p.Folder).Sha256).Distinct().Count() > 1)
        {
            Report(
                ProblemCode.Ambiguous,
                choice.IdAt,
                $"{newest} is there {copies.Length} times with different content: "
                + string.Join(", ", copies.Select(static p => p.Folder)));
            return null;
        }

        if (_failed.Contains(newest.Folder))
        {
            return null;
        }

        try
        {
            string id = copies[0].Manifest.Components.First(c => c.IsCalled(choice.ComponentId!)).Id;
            return load(copies[0], choice.CanSwap).Components.Single(c => c.Descriptor.Id == id);
        }
        catch (PluginLoadException e)
        {
            _failed.Add(newest.Folder);
            foreach (Problem problem in e.Problems)
            {
                Report(problem.Code, choice.IdAt, $"{problem.Message} ({problem.At.Origin})");
            }

            return null;
        }
    }

    /// <summary>What else could stand there.</summary>
    private string Others(ComponentKind kind, string? written = null)
    {
        IEnumerable<string> ids = catalog.Plugins
            .SelectMany(static p => p.Manifest.Components)
            .Where(c => c.Kind == kind)
            .Select(static c => c.Id)
            .Concat(inProcess
                .SelectMany(static p => p.Components)
                .Where(c => c.Kind == kind)
                .Select(static c => c.Descriptor.Id));
        return Suggestion.For(written ?? "", ids, $"of kind {Word(kind)} there is");
    }

    private void Report(ProblemCode code, SourcePosition at, string message) =>
        problems.Add(new Problem(code, at, message));

    private static string Word(ComponentKind kind) => OptionText.Kebab(kind.ToString());
}
