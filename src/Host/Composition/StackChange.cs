using Mortise.Components;
using Mortise.Engine;

namespace Mortise.Host.Composition;

/// <summary>What has to be done to a store that one stack describes, so that another does.</summary>
/// <remarks>Index families are derived from records and may change in any way while the store serves. The log and the
/// records are the data: another format of those needs an export and an import.</remarks>
public sealed class StackChange
{
    private readonly IReadOnlyList<FamilyPart> _parts;

    private StackChange(
        IReadOnlyList<FamilyPart> parts, IReadOnlyList<string> switched, IReadOnlyList<string> dropped, string? obstacle)
    {
        _parts = parts;
        Switched = switched;
        Dropped = dropped;
        Obstacle = obstacle;
    }

    /// <summary>Families that are new or other than before, in the order of the new stack.</summary>
    public IReadOnlyList<string> Switched { get; }

    /// <summary>Families that the new stack no longer names.</summary>
    public IReadOnlyList<string> Dropped { get; }

    /// <summary>Why the change is not possible in place, for a person; null when it is.</summary>
    public string? Obstacle { get; }

    /// <summary>True when both stacks mean the same indexes.</summary>
    public bool IsEmpty => Switched.Count == 0 && Dropped.Count == 0;

    /// <summary>Compares two stacks of one store.</summary>
    /// <param name="now">The stack in force.</param>
    /// <param name="next">The stack wanted.</param>
    public static StackChange Between(ComposedStore now, ComposedStore next)
    {
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(next);
        var before = now.Stack.Families.ToDictionary(
            static f => f.Name, f => StackView.WriteFamily(f, now.Stack), StringComparer.Ordinal);
        string[] switched = [.. next.Stack.Families
            .Where(f => !before.TryGetValue(f.Name, out string? text) || text != StackView.WriteFamily(f, next.Stack))
            .Select(static f => f.Name)];
        string[] dropped = [.. before.Keys.Except(next.Stack.Families.Select(static f => f.Name))];
        return new StackChange(
            next.Composition.Families,
            switched,
            dropped,
            Obstruct("the log", now.Composition.Log.Identity, next.Composition.Log.Identity)
                ?? Obstruct("the record store", now.Composition.Records.Identity, next.Composition.Records.Identity));
    }

    /// <summary>Makes the change in an open store. Reads and writes of others go on.</summary>
    /// <param name="engine">The store's engine.</param>
    /// <param name="done">Told of each family when it is in force, or null.</param>
    /// <param name="cancellation">Stops before the next family, or while one is being built; what is in force
    /// stays.</param>
    /// <exception cref="InvalidOperationException">There is an <see cref="Obstacle"/>.</exception>
    public async Task ApplyAsync(
        StoreEngine engine, Action<FamilySwitchReport>? done = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        if (Obstacle is not null)
        {
            throw new InvalidOperationException(Obstacle);
        }

        foreach (string name in Switched)
        {
            FamilyPart part = _parts.Single(p => p.Name == name);

            // The building runs on the thread that asks for it; the caller's may be a server's.
            FamilySwitchReport report = await Task.Run(
                () => engine.SwitchFamilyAsync(part, null, cancellation).AsTask(), cancellation).ConfigureAwait(false);
            done?.Invoke(report);
        }

        foreach (string name in Dropped)
        {
            await engine.DropFamilyAsync(name, cancellation).ConfigureAwait(false);
        }
    }

    private static string? Obstruct(string role, ComponentIdentity now, ComponentIdentity next) =>
        now.FormatName == next.FormatName
            ? null
            : $"{role} is {now.ComponentId} ({now.FormatName} {now.FormatVersion}) and would become {next.ComponentId} "
                + $"({next.FormatName} {next.FormatVersion}): that is the data itself; export it and import it into a "
                + "new store";
}
