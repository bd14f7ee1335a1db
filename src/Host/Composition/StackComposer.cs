using Mortise.Caching;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Files;
using Mortise.Host.Configuration;
using Mortise.Host.Decorating;
using Mortise.Host.Files;
using Mortise.Host.Loading;
using Mortise.Host.Memory;
using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Host.Composition;

/// <summary>The outside world of a store: what a host supplies beside the stack.</summary>
public sealed class HostServices
{
    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where background work runs.</summary>
    public required IBackground Background { get; init; }

    /// <summary>The log of an instance, by instance name.</summary>
    public required Func<string, IComponentLog> Logs { get; init; }

    /// <summary>Seed of all randomness in components.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The longest that opening one component may take; null for as long as it likes.</summary>
    public TimeSpan? OpenTimeout { get; init; }

    /// <summary>The longest that closing one component may take; null for as long as it likes.</summary>
    public TimeSpan? CloseTimeout { get; init; }

    /// <summary>What each instance holds and takes.</summary>
    internal InstanceAccounts Accounts { get; init; } = new(TimeProvider.System);

    /// <summary>The program's services; null when it has none.</summary>
    public IServiceProvider? Services { get; init; }

    /// <summary>Those of them that plugins may have.</summary>
    public IReadOnlyCollection<Type> PluginServices { get; init; } = [];

    /// <summary>Names the plugin whose code threw; null when none is to blame.</summary>
    public Func<Exception, Exception?> Blame { get; init; } = static _ => null;
}

/// <summary>Makes what the engine opens from a resolved stack. The composition root: plugins from folders and plugins
/// from code meet here.</summary>
public static class StackComposer
{
    /// <summary>Composes a store; opens nothing but the partition schemes, which have no files.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="root">The store's directory.</param>
    /// <param name="services">The outside world.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.PluginFault"/> when a plugin's scheme or policy
    /// cannot be made.</exception>
    public static ComposedStore Compose(ResolvedStack stack, IStorageDirectory root, HostServices services)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(services);
        Dictionary<string, IPartitionScheme> schemes = stack.Partitions.ToDictionary(
            static p => p.Name, p => CreateScheme(p.Scheme, services), StringComparer.Ordinal);
        ExchangeablePolicies? policies = CreatePolicies(stack.Cache, services);
        CacheBudget? budget = CreateBudget(stack, schemes, policies, services);
        var composition = new StoreComposition
        {
            Root = root,
            Log = Part(stack.Log, static c => c.LogOpener, services),
            Records = Part(stack.Records, static c => c.RecordsOpener, services),
            Families = [.. stack.Families.Select(f => new FamilyPart
            {
                Name = f.Name,
                Projection = f.Projection,
                Structure = Part(f.Structure, static c => c.IndexOpener, services),
                Partitions = schemes[f.Partition],
                InlineBelowBytes = checked((int)f.InlineBelow.Bytes),
                OnFault = f.OnFault,
            })],
            Options = stack.Engine,
            Time = services.Time,
            Background = services.Background,
            Logs = services.Logs,
            Seed = services.Seed,
            Blame = services.Blame,
            CloseTimeout = services.CloseTimeout,
            InstanceDraining = services.Accounts.Drain,
            InstanceClosed = services.Accounts.Close,
            Scratch = static () => new TemporaryCopies(),
            CacheGrants = instance => GrantFor(budget, instance),
        };
        return new ComposedStore(stack, composition, budget)
        {
            Projections = stack.Projections.ToDictionary(
                static p => p.Name, static p => CreateProjection(p.Projection), StringComparer.Ordinal),
            Policies = policies,
            Schemes = schemes.Where(static s => s.Value is ExchangeableScheme).ToDictionary(
                static s => s.Key, static s => (ExchangeableScheme)s.Value, StringComparer.Ordinal),
        };
    }

    /// <summary>The log reads nothing twice; records and indexes have caches.</summary>
    private static ICacheGrant? GrantFor(CacheBudget? budget, string instance) =>
        instance == "records" || instance.StartsWith("indexes/", StringComparison.Ordinal)
            ? budget?.GrantTo(instance)
            : null;

    private static CacheBudget? CreateBudget(
        ResolvedStack stack,
        Dictionary<string, IPartitionScheme> schemes,
        ExchangeablePolicies? policies,
        HostServices services)
    {
        if (stack.Cache is not { } cache)
        {
            return null;
        }

        var tiers = new PartitionTiers(
            stack.Families.ToDictionary(static f => f.Name, f => schemes[f.Partition], StringComparer.Ordinal),
            services.Time,
            stack.CacheDivision.Recent);
        return new CacheBudget(
            stack.CacheBudget,
            stack.Families.Count + 1,
            policies is null ? PolicyOf(cache, services) : policies.Create,
            stack.CacheDivision,
            tiers.Of);
    }

    /// <summary>What is between caches and their policies, when those may be exchanged or begun anew.</summary>
    private static ExchangeablePolicies? CreatePolicies(ResolvedComponent? cache, HostServices services)
    {
        if (cache?.Choice.Settings is not CacheSettings settings
            || (settings.Reload == ReloadMode.Never && settings.OnFault == FaultPolicy.Stop))
        {
            return null;
        }

        IComponentLog log = services.Logs(cache.Place);
        return new ExchangeablePolicies(
            PolicyOf(cache, services),
            settings.OnFault == FaultPolicy.Restart,
            failure => log.Write(
                ComponentLogLevel.Error,
                $"a cache policy was begun anew: {(services.Blame(failure) ?? failure).Message}",
                failure));
    }

    /// <summary>Makes policies by the component that plays a role now, whoever plays it later.</summary>
    internal static Func<long, ICachePolicy> PolicyOf(ResolvedComponent cache, HostServices services)
    {
        (PluginComponent component, object options) = cache.Now;
        ulong seed = services.Seed;
        ContractCheck? check = CheckOf(cache, services);
        return capacity =>
        {
            ICachePolicy policy = PluginGuard.Run(
                component, "make a cache policy", () => component.CacheFactory(options, capacity, seed));
            return check is null ? policy : new CheckedPolicy(policy, check);
        };
    }

    /// <summary>Makes the scheme of the component that plays a role now.</summary>
    internal static IPartitionScheme SchemeOf(ResolvedComponent scheme, HostServices services)
    {
        IPartitionScheme made = PluginGuard.Run(
            scheme.Component,
            $"make the scheme {scheme.Place}",
            () => scheme.Component.PartitionFactory(scheme.Options));
        return CheckOf(scheme, services) is { } check ? new CheckedScheme(made, check) : made;
    }

    private static IPartitionScheme CreateScheme(ResolvedComponent scheme, HostServices services)
    {
        IPartitionScheme made = SchemeOf(scheme, services);
        return scheme.Choice.CanSwap ? new ExchangeableScheme(made) : made;
    }

    private static ContractCheck? CheckOf(ResolvedComponent component, HostServices services) =>
        component.Choice.Settings is DecoratedSettings { Decorate: { } list } && list.Contains(Decoration.Check)
            ? new ContractCheck(
                component.Component.Identity, component.Place, services.Logs(component.Place), meter: null)
            : null;

    private static TermProjectionPart CreateProjection(ResolvedComponent projection) => new(
        projection.Component.Descriptor.Id,
        PluginGuard.Run(
            projection.Component,
            $"make the projection {projection.Place}",
            () => projection.Component.ProjectionFactory(projection.Options)));

    /// <summary>The part of a family that another component is found for; everything else stays.</summary>
    internal static FamilyPart Exchange(FamilyPart family, ResolvedComponent structure, HostServices services) => new()
    {
        Name = family.Name,
        Projection = family.Projection,
        Structure = Part(structure, static c => c.IndexOpener, services),
        Partitions = family.Partitions,
        InlineBelowBytes = family.InlineBelowBytes,
        OnFault = family.OnFault,
    };

    // The part outlives the plugin when that is exchanged: it may hold the role, and nothing that is the plugin's.
    private static ComponentPart<T> Part<T>(
        ResolvedComponent resolved, Func<PluginComponent, UntypedOpener<T>> opener, HostServices services)
        where T : class, IStorageComponent
    {
        var settings = (DecoratedSettings)resolved.Choice.Settings;
        (TimeSpan, TimeProvider)? limit = services.OpenTimeout is { } longest ? (longest, services.Time) : null;
        return new ComponentPart<T>
        {
            Identity = Decorations.Identify(resolved.Component.Identity, settings),
            Open = async (context, cancellation) =>
            {
                (PluginComponent component, object options) = resolved.Now;
                var own = new PluginServices(component, context, services);
                InstanceAccount account = services.Accounts.Begin(component.Plugin, context);
                ComponentContext given = account.Watched(own);
                account.Opening();
                T? opened = null;
                try
                {
                    using (account.Begin(FlightPhase.Open))
                    {
                        opened = await PluginGuard.RunAsync(
                            component,
                            $"open {context.InstanceName}",
                            limit,
                            stop => opener(component)(given, options, stop),
                            cancellation).ConfigureAwait(false);
                    }

                    own.Close();
                    StackAgreement.RequireTrue(component, opened);
                    T decorated = Decorations.Decorate(Accounted.Around(opened, account, own), settings, context);
                    account.Opened();
                    return decorated;
                }
                catch
                {
                    services.Accounts.Fail(context);
                    if (opened is not null)
                    {
                        await opened.DisposeAsync().ConfigureAwait(false);
                    }

                    await own.DisposeAsync().ConfigureAwait(false);
                    throw;
                }
            },
            Examiner = resolved.Choice.CanSwap && resolved.Component.Examiner is not null
                ? new ExchangeableExaminer(resolved)
                : resolved.Component.Examiner,
        };
    }
}

/// <summary>A store ready to be opened, with what the host knows of it.</summary>
/// <param name="Stack">The stack that it came from.</param>
/// <param name="Composition">What the engine opens.</param>
/// <param name="Cache">The division of memory, or null when the stack has no cache policy.</param>
public sealed record ComposedStore(ResolvedStack Stack, StoreComposition Composition, CacheBudget? Cache)
{
    /// <summary>The projections of plugins, by the names that the stack gives them; for the domain to make keys
    /// of.</summary>
    public IReadOnlyDictionary<string, TermProjectionPart> Projections { get; init; } =
        new Dictionary<string, TermProjectionPart>();

    /// <summary>The policies of its caches, when those may be exchanged or begun anew.</summary>
    internal ExchangeablePolicies? Policies { get; init; }

    /// <summary>Its partition schemes that may be exchanged, by name.</summary>
    internal IReadOnlyDictionary<string, ExchangeableScheme> Schemes { get; init; } =
        new Dictionary<string, ExchangeableScheme>();
}

/// <summary>A plugin's projection, made from its options.</summary>
/// <param name="ComponentId">What the store's manifest knows it by.</param>
/// <param name="Terms">The projection.</param>
public readonly record struct TermProjectionPart(string ComponentId, ITermProjection Terms);
