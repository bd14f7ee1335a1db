using System.Diagnostics.CodeAnalysis;
using Mortise.Engine;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Memory;

namespace Mortise.Host.Composition;

/// <summary>One role of a stack with the component that was found for it and its options, bound and
/// validated.</summary>
/// <remarks>Whoever keeps a role keeps this and nothing of the plugin, so that the plugin in it can be exchanged and
/// unloaded. Threads: any.</remarks>
public sealed class ResolvedComponent
{
    private volatile Content _content;

    internal ResolvedComponent(ComponentChoice choice, PluginComponent component, object options)
    {
        Choice = choice;
        _content = new Content(component, options);
    }

    /// <summary>The path in the stack: <c>wal</c>, <c>indexes.id</c>.</summary>
    public string Place => Choice.Place;

    /// <summary>The range of versions that the stack accepts, as it is written.</summary>
    public string Requested => Choice.Version!.ToString();

    /// <summary>What was found.</summary>
    public PluginComponent Component => _content.Component;

    /// <summary>Its options; of the type <see cref="PluginComponent.OptionsType"/>.</summary>
    public object Options => _content.Options;

    internal ComponentChoice Choice { get; }

    /// <summary>Component and options as they belong together.</summary>
    internal (PluginComponent Component, object Options) Now => (_content.Component, _content.Options);

    /// <summary>From now on the role is played by what was found anew.</summary>
    internal void Become(ResolvedComponent next) => _content = next._content;

    private sealed record Content(PluginComponent Component, object Options);
}

/// <summary>An index family of a stack.</summary>
public sealed class ResolvedFamily
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The projection that yields its keys.</summary>
    public required string Projection { get; init; }

    /// <summary>The name of its partition scheme in the stack.</summary>
    public required string Partition { get; init; }

    /// <summary>Records up to this size are kept in the entry itself.</summary>
    public required ByteSize InlineBelow { get; init; }

    /// <summary>What happens when its code throws what no contract allows.</summary>
    public required FaultPolicy OnFault { get; init; }

    /// <summary>The structure of each partition.</summary>
    public required ResolvedComponent Structure { get; init; }
}

/// <summary>A stack in which everything that it names was found, loaded and fits.</summary>
public sealed class ResolvedStack
{
    /// <summary>What was written.</summary>
    public required StackFile Source { get; init; }

    /// <summary>The log.</summary>
    public required ResolvedComponent Log { get; init; }

    /// <summary>The record store.</summary>
    public required ResolvedComponent Records { get; init; }

    /// <summary>The cache policy, or null.</summary>
    public required ResolvedComponent? Cache { get; init; }

    /// <summary>The memory that caches may use in all; 0 without a cache policy.</summary>
    public required ByteSize CacheBudget { get; init; }

    /// <summary>How that memory is divided.</summary>
    public required CacheBudgetOptions CacheDivision { get; init; }

    /// <summary>The partition schemes by name, in the order of the stack.</summary>
    public required IReadOnlyList<(string Name, ResolvedComponent Scheme)> Partitions { get; init; }

    /// <summary>The projections of plugins by name, in the order of the stack.</summary>
    public required IReadOnlyList<(string Name, ResolvedComponent Projection)> Projections { get; init; }

    /// <summary>The index families, in the order of the stack.</summary>
    public required IReadOnlyList<ResolvedFamily> Families { get; init; }

    /// <summary>What an acknowledgement promises, and when checkpoints happen.</summary>
    public required EngineOptions Engine { get; init; }

    /// <summary>Parts of the stack that are for others to understand.</summary>
    public required IReadOnlyList<StackSection> Sections { get; init; }

    /// <summary>True when it names plugin folders relative to its own file, so that it means something else
    /// elsewhere.</summary>
    public required bool HasRelativeFolders { get; init; }

    /// <summary>What components prefer and the stack does not have, a line each.</summary>
    public IReadOnlyList<string> Fallbacks { get; init; } = [];

    /// <summary>The roles whose code may be exchanged while the store is open.</summary>
    internal IEnumerable<ResolvedComponent> Exchangeable =>
        Families.Select(static f => f.Structure)
            .Concat(Partitions.Select(static p => p.Scheme))
            .Concat(Cache is { } cache ? [cache] : [])
            .Where(static role => role.Choice.CanSwap);

    /// <summary>Finds a section; false when the stack does not have it.</summary>
    public bool TryGetSection(string name, [NotNullWhen(true)] out StackSection? section)
    {
        section = Sections.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.Ordinal));
        return section is not null;
    }
}
