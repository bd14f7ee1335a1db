using System.Globalization;
using System.Text;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Files;
using Mortise.Host.Loading;
using Mortise.Indexing;
using Mortise.Simulation;

namespace Mortise.Cli;

/// <summary>Makes stacks of whatever is installed, with options by chance, for runs that compare their
/// answers.</summary>
/// <remarks>Components of a kind take turns, so that as few stacks as there are components have all of them.</remarks>
internal sealed class RandomStacks
{
    private const int Families = 3;

    // What plugins call the sizes that decide how their files are cut up, and values that are met often.
    private static readonly Dictionary<string, string[]> s_values = new(StringComparer.Ordinal)
    {
        ["SegmentSize"] = ["64KiB", "256KiB", "1MiB"],
        ["Prewrite"] = ["0", "16KiB"],
        ["WriteBuffer"] = ["8KiB", "64KiB"],
        ["PageSize"] = ["4KiB", "8KiB", "16KiB"],
        ["MemoryBudget"] = ["64KiB", "256KiB"],
        ["CacheSize"] = ["64KiB", "1MiB"],
        ["MapSize"] = ["64MiB"],
        ["MergeFanIn"] = ["2", "4"],
        ["MaxCount"] = ["0", "7"],
        ["Count"] = ["1", "2", "7"],
        ["Interval"] = ["yearly", "monthly"],
    };

    private readonly MortiseHost _host;
    private readonly Dictionary<ComponentKind, PluginComponent[]> _components;
    private readonly HashSet<string> _needRealFiles = new(StringComparer.Ordinal);

    /// <summary>Loads what is installed and tries which structures can be used here.</summary>
    /// <param name="host">Loads plugins.</param>
    /// <param name="warn">Told of each plugin or component that is left out, and why.</param>
    public RandomStacks(MortiseHost host, Action<string> warn)
    {
        _host = host;
        var components = new List<PluginComponent>();
        foreach (InstalledPlugin plugin in host.Discover().Plugins)
        {
            try
            {
                components.AddRange(host.Load(plugin).Components.Where(
                    static component => component.Kind != ComponentKind.Projection));
            }
            catch (PluginLoadException e)
            {
                warn($"{plugin.Manifest.Id} is left out: {e.Message}");
            }
        }

        _components = components.GroupBy(static component => component.Kind).ToDictionary(
            static kind => kind.Key,
            static kind => kind.OrderBy(static c => c.Descriptor.Id, StringComparer.Ordinal).ToArray());
        _components[ComponentKind.Index] =
            [.. _components.GetValueOrDefault(ComponentKind.Index, []).Where(component => IsUsable(component, warn))];
    }

    /// <summary>Ids of all components that stacks are made of.</summary>
    public IEnumerable<string> Components =>
        _components.Values.SelectMany(static kind => kind.Select(static component => component.Descriptor.Id));

    /// <summary>Makes stacks.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="count">How many.</param>
    public IReadOnlyList<StackVariant> Make(ulong seed, int count) =>
    [
        .. Enumerable.Range(0, count).Select(
            i => Make(Seeds.Generator(Seeds.Derive(seed, (ulong)i)), (int)(seed % 64) + i)),
    ];

    private StackVariant Make(Random random, int turn)
    {
        var yaml = new StringBuilder();
        var words = new List<string>();
        bool hasRealFiles = false;
        string mode = Pick(random, ["always", "batch", "never"]);
        Component("wal", "", Turn(ComponentKind.Log, turn), $"  syncMode: {mode}");
        Component("records", "", Turn(ComponentKind.Records, turn));
        PluginComponent[] caches = _components.GetValueOrDefault(ComponentKind.Cache, []);
        if (turn % (caches.Length + 1) is var cache && cache < caches.Length)
        {
            Component("cache", "", caches[cache], $"  budget: {Pick(random, ["64KiB", "1MiB"])}");
        }

        yaml.AppendLine("partitions:");
        for (int i = 0; i < Families; i++)
        {
            Component($"p{i}", "  ", Turn(ComponentKind.Partition, turn + i));
        }

        yaml.AppendLine("indexes:");
        for (int i = 0; i < Families; i++)
        {
            PluginComponent structure = Turn(ComponentKind.Index, turn / 2 + i);
            hasRealFiles |= _needRealFiles.Contains(structure.Descriptor.Id);
            Component(
                $"i{i}", "  ", structure, $"    projection: id\n    partition: p{i}\n"
                    + $"    inlineBelow: {Pick(random, ["0", "0", "100", "300"])}");
        }

        int partitions = random.Next(2) == 0 ? 2 : 64;
        yaml.AppendLine(CultureInfo.InvariantCulture, $"engine:\n  maxOpenPartitions: {partitions}");
        words.Add($"{partitions} open partitions at most");
        ResolvedStack stack = _host.Resolve(StackFile.Parse("a random stack", yaml.ToString()));
        return new StackVariant
        {
            Name = string.Join("; ", words),
            Begin = () => hasRealFiles ? OnRealFiles(stack) : new VariantStore(
                world => SimulatedStack.ComposeWhole(stack, world, world.Disk.Root)),
        };

        void Component(string name, string indent, PluginComponent chosen, string more = "")
        {
            string id = chosen.Descriptor.Id;
            yaml.AppendLine(CultureInfo.InvariantCulture, $"{indent}{name}:");
            yaml.AppendLine(CultureInfo.InvariantCulture, $"{indent}  plugin: {id}");
            yaml.AppendLine(
                CultureInfo.InvariantCulture, $"{indent}  version: {chosen.Plugin.Version.ToNormalizedString()}");
            var chances = new List<string>();
            foreach ((string property, string[] values) in s_values)
            {
                if (chosen.OptionsType.GetProperty(property) is not null)
                {
                    chances.Add($"{char.ToLowerInvariant(property[0])}{property[1..]}: {Pick(random, values)}");
                }
            }

            foreach (string chance in chances)
            {
                yaml.AppendLine(CultureInfo.InvariantCulture, $"{indent}  {chance}");
            }

            if (more.Length > 0)
            {
                yaml.AppendLine(more);
                chances.AddRange(more.Split('\n', StringSplitOptions.TrimEntries).Where(
                    static line => !line.StartsWith("projection", StringComparison.Ordinal)));
            }

            words.Add($"{name} {id} {string.Join(", ", chances)}".TrimEnd());
        }
    }

    private static VariantStore OnRealFiles(ResolvedStack stack)
    {
        string folder = Directory.CreateTempSubdirectory("mortise-compare-").FullName;
        return new VariantStore(
            world => SimulatedStack.ComposeWhole(stack, world, PosixDirectory.OpenRoot(folder)),
            () => Directory.Delete(folder, recursive: true));
    }

    /// <summary>A structure may need files that the operating system knows, or not open at all here.</summary>
    private bool IsUsable(PluginComponent component, Action<string> warn)
    {
        using var world = new SimWorld(1);
        ComponentPart<IIndexFamily> structure = Part(component, world);
        if (Problem(structure, world.Context("probe")) is null)
        {
            return true;
        }

        string folder = Directory.CreateTempSubdirectory("mortise-probe-").FullName;
        try
        {
            ComponentContext simulated = world.Context("probe");
            string? problem = Problem(structure, new ComponentContext
            {
                InstanceName = simulated.InstanceName,
                StoreId = simulated.StoreId,
                Files = PosixDirectory.OpenRoot(folder),
                Time = simulated.Time,
                Background = simulated.Background,
                Seed = simulated.Seed,
                Log = simulated.Log,
                Meter = simulated.Meter,
                Cache = simulated.Cache,
            });
            if (problem is null)
            {
                _needRealFiles.Add(component.Descriptor.Id);
                return true;
            }

            warn($"{component.Descriptor.Id} is left out: {problem}");
            return false;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Problem(ComponentPart<IIndexFamily> structure, ComponentContext context)
    {
        try
        {
            structure.Open(context, CancellationToken.None).AsTask().GetAwaiter().GetResult()
                .DisposeAsync().AsTask().GetAwaiter().GetResult();
            return null;
        }
#pragma warning disable CA1031 // Whatever a plugin of a stranger throws when it is opened, it cannot be used.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.Message;
        }
    }

    /// <summary>The structure alone, in the smallest stack that there is.</summary>
    private ComponentPart<IIndexFamily> Part(PluginComponent structure, SimWorld world)
    {
        var yaml = new StringBuilder();
        Append("", "wal", Turn(ComponentKind.Log, 0));
        Append("", "records", Turn(ComponentKind.Records, 0));
        yaml.AppendLine("partitions:");
        Append("  ", "all", Turn(ComponentKind.Partition, 0));
        yaml.AppendLine("indexes:");
        Append("  ", "id", structure);
        yaml.AppendLine("    projection: id\n    partition: all");
        if (structure.OptionsType.GetProperty("MapSize") is not null)
        {
            yaml.AppendLine("    mapSize: 64MiB");
        }

        ResolvedStack stack = _host.Resolve(StackFile.Parse("a stack to try a structure", yaml.ToString()));
        return SimulatedStack.ComposeWhole(stack, world, world.Disk.Root).Families[0].Structure;

        void Append(string indent, string name, PluginComponent chosen) => yaml.AppendLine(
            CultureInfo.InvariantCulture,
            $"{indent}{name}:\n{indent}  plugin: {chosen.Descriptor.Id}\n"
                + $"{indent}  version: {chosen.Plugin.Version.ToNormalizedString()}");
    }

    private PluginComponent Turn(ComponentKind kind, int turn) =>
        _components.TryGetValue(kind, out PluginComponent[]? all)
            ? all[turn % all.Length]
            : throw new BadInputException($"no plugin of kind {Words.OneWord(kind.ToString())} is installed");

    private static string Pick(Random random, string[] values) => values[random.Next(values.Length)];
}
