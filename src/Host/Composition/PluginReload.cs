using System.Runtime.CompilerServices;
using Mortise.Engine;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>A role of an open store that other code plays now.</summary>
/// <param name="Instance">Its place in the stack: <c>indexes.tag</c>.</param>
/// <param name="From">The plugin before.</param>
/// <param name="To">The plugin now.</param>
/// <param name="Records">Records that the new code was built from; 0 for roles that hold none.</param>
/// <param name="Duration">How long that took; the old code served meanwhile.</param>
public sealed record PluginSwap(string Instance, PluginOrigin From, PluginOrigin To, long Records, TimeSpan Duration);

/// <summary>What looking for other code came to.</summary>
public sealed class ReloadReport
{
    /// <summary>Roles that other code plays now.</summary>
    public required IReadOnlyList<PluginSwap> Swapped { get; init; }

    /// <summary>Why others are played by the code that they had.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>Plugins that nothing uses any more, each with the proof that it is gone, or without it.</summary>
    public required IReadOnlyList<PluginUnload> Unloads { get; init; }

    /// <summary>True when nothing was there to do.</summary>
    public bool IsEmpty => Swapped.Count == 0 && Problems.Count == 0 && Unloads.Count == 0;
}

/// <summary>Exchanges the code of an open store's roles that say <c>reload: swap</c>, when other files of their plugins
/// are installed.</summary>
/// <remarks>
/// <para>The new code is found, checked and trusted as at a start. That of an index family opens an index of its own
/// beside the old one and is given every record; then the two are exchanged between two commits. That of the cache
/// policy is tried and told what is resident in each cache. That of a partition scheme takes over
/// when it answers as the old one does. Whatever fails before, the old code serves on. No read or write fails, and the
/// old code is unloaded, with a proof, when the last view of it is closed.</para>
/// <para>Threads: any; one run at a time.</para>
/// </remarks>
public sealed class PluginReload
{
    private const int ProofAttempts = 8;
    private const int ProofCollections = 3;

    // Between two attempts: a thread that has just left the plugin may still have it on its stack.
    private static readonly TimeSpan s_proofPause = TimeSpan.FromMilliseconds(50);

    private readonly MortiseHost _host;
    private readonly ComposedStore _store;
    private readonly StoreEngine _engine;
    private readonly Lock _gate = new();
    private readonly List<PluginUnload> _unproven = [];

    // The engine's parts of families in force that were exchanged, which name these.
    private readonly Dictionary<string, ResolvedComponent> _inForce = new(StringComparer.Ordinal);
    private Task _last = Task.CompletedTask;

    /// <summary>Makes it; looks at nothing yet.</summary>
    /// <param name="host">The host that the store was composed by.</param>
    /// <param name="store">The store.</param>
    /// <param name="engine">The store, open.</param>
    public PluginReload(MortiseHost host, ComposedStore store, StoreEngine engine)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(engine);
        _host = host;
        _store = store;
        _engine = engine;
    }

    /// <summary>True when the stack has a role whose code may be exchanged.</summary>
    public bool IsWanted => _store.Stack.Exchangeable.Any();

    /// <summary>Runs after every change in the folders of plugins, until it is disposed.</summary>
    /// <param name="done">Told of each run that did anything.</param>
    /// <param name="failed">Told what a run threw.</param>
    public PluginWatch Watch(Action<ReloadReport> done, Action<Exception> failed)
    {
        ArgumentNullException.ThrowIfNull(done);
        ArgumentNullException.ThrowIfNull(failed);
        return new PluginWatch(
            _host.FoldersOf(_store.Stack.Source),
            TimeProvider.System,
            async stop =>
            {
                ReloadReport report = await RunAsync(stop).ConfigureAwait(false);
                if (!report.IsEmpty)
                {
                    done(report);
                }
            },
            failed);
    }

    /// <summary>Looks for other code and takes it.</summary>
    /// <param name="cancellation">Stops while a family is being built; what is in force stays.</param>
    /// <returns>What was exchanged, what not and why.</returns>
    public Task<ReloadReport> RunAsync(CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            Task<ReloadReport> run = RunAfterAsync(_last, cancellation);
            _last = run;
            return run;
        }
    }

    private async Task<ReloadReport> RunAfterAsync(Task last, CancellationToken cancellation)
    {
        await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        var problems = new List<Problem>();
        IReadOnlyList<PluginSwap> swapped = await SwapAsync(problems, cancellation).ConfigureAwait(false);
        _unproven.AddRange(_host.UnloadUnused());
        PluginUnload[] unloads = [.. _unproven];
        for (int i = 1; Array.Exists(unloads, static u => !u.Prove(ProofCollections)) && i < ProofAttempts; i++)
        {
            await Task.Delay(i * s_proofPause, cancellation).ConfigureAwait(false);
        }

        _unproven.RemoveAll(static u => u.IsGone);
        return new ReloadReport { Swapped = swapped, Problems = Problem.Sorted(problems), Unloads = unloads };
    }

    // Nothing of it may stay on the stack of whoever proves the unload afterwards.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<IReadOnlyList<PluginSwap>> SwapAsync(List<Problem> problems, CancellationToken cancellation)
    {
        var swapped = new List<PluginSwap>();
        IReadOnlyList<(ResolvedComponent Role, ResolvedComponent Next)> found =
            _host.FindExchanges(_store.Stack, problems);
        try
        {
            foreach ((ResolvedComponent role, ResolvedComponent next) in found)
            {
                ResolvedFamily? family = _store.Stack.Families.FirstOrDefault(f => ReferenceEquals(f.Structure, role));
                PluginSwap? swap = family is null
                    ? Swap(role, next, problems)
                    : await SwapAsync(family, next, problems, cancellation).ConfigureAwait(false);
                if (swap is not null)
                {
                    swapped.Add(swap);
                }
            }
        }
        finally
        {
            _host.EndExchanges(found.Select(static f => f.Next));
        }

        return swapped;
    }

    /// <summary>Exchanges what has no files: the cache policy, or a partition scheme.</summary>
    private PluginSwap? Swap(ResolvedComponent role, ResolvedComponent next, List<Problem> problems)
    {
        PluginOrigin from = role.Component.Plugin;
        long began = _store.Composition.Time.GetTimestamp();
        string? objection = null;
        try
        {
            if (ReferenceEquals(role, _store.Stack.Cache))
            {
                _store.Policies!.Exchange(_host.PolicyOf(next));
            }
            else
            {
                objection = TakeScheme(role, next);
            }
        }
#pragma warning disable CA1031 // A plugin's code may throw anything; what it served before goes on serving.
        catch (Exception e)
#pragma warning restore CA1031
        {
            objection = (_host.Blame(e) ?? e).Message;
        }

        if (objection is not null)
        {
            problems.Add(new Problem(
                ProblemCode.LoadFailed,
                role.Choice.IdAt,
                $"{role.Place} stays with {from}; {next.Component.Plugin} failed: {objection}"));
            return null;
        }

        role.Become(next);
        return new PluginSwap(
            role.Place, from, next.Component.Plugin, 0, _store.Composition.Time.GetElapsedTime(began));
    }

    private string? TakeScheme(ResolvedComponent role, ResolvedComponent next)
    {
        string name = _store.Stack.Partitions.Single(p => ReferenceEquals(p.Scheme, role)).Name;
        string[] families =
            [.. _store.Stack.Families.Where(f => f.Partition == name).Select(static f => f.Name)];
        IEnumerable<string> partitions = _engine.GetStatistics().Families
            .Where(f => families.Contains(f.Name))
            .SelectMany(static f => f.Partitions)
            .SelectMany(static p => p.Name.Split(".."));
        string? difference = _store.Schemes[name].TryExchange(_host.SchemeOf(next), partitions);
        return difference is null
            ? null
            : $"{difference}; partitions are laid out otherwise by 'mortise stack apply'";
    }

    private async Task<PluginSwap?> SwapAsync(
        ResolvedFamily family, ResolvedComponent next, List<Problem> problems, CancellationToken cancellation)
    {
        PluginOrigin from = family.Structure.Component.Plugin;
        FamilyPart part = _host.Exchange(_store.Composition.Families.Single(f => f.Name == family.Name), next);
        try
        {
            // The building runs on the thread that asks for it.
            FamilySwitchReport report = await Task
                .Run(() => _engine.SwitchFamilyAsync(part, null, cancellation).AsTask(), cancellation)
                .ConfigureAwait(false);
            Put(family, next);
            return new PluginSwap(
                family.Structure.Place, from, next.Component.Plugin, report.Records, report.Duration);
        }
#pragma warning disable CA1031 // A plugin's code may throw anything; what it served before goes on serving.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            bool isInForce = _engine.Serves(part);
            problems.Add(new Problem(
                ProblemCode.LoadFailed,
                family.Structure.Choice.IdAt,
                isInForce
                    ? $"{family.Structure.Place} is served by {next.Component.Plugin}, and what it took the place of "
                        + $"could not be put away: {(_host.Blame(e) ?? e).Message}"
                    : $"{family.Structure.Place} stays with {from}; {next.Component.Plugin} failed: "
                        + (_host.Blame(e) ?? e).Message));
            if (isInForce)
            {
                Put(family, next);
            }

            return null;
        }
    }

    private void Put(ResolvedFamily family, ResolvedComponent next)
    {
        family.Structure.Become(next);

        // What was in force is named by views that are closed and not yet forgotten.
        if (_inForce.Remove(family.Name, out ResolvedComponent? before))
        {
            before.Become(next);
        }

        _inForce.Add(family.Name, next);
    }
}
