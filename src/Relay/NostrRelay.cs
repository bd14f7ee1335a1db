using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>A Nostr relay over an event store. Map it into a program with
/// <see cref="RelayEndpoints.MapMortiseRelay"/>.</summary>
/// <remarks>
/// <para>Role: everything between sockets and the store: connections, admission, signature checks, live subscriptions.
/// The store is the caller's, and stays open when the relay stops.</para>
/// <para>Threads: all members from any thread.</para>
/// </remarks>
public sealed class NostrRelay : IAsyncDisposable
{
    private readonly ILogger _log;
    private readonly ConcurrentBag<IDisposable> _owned = [];
    private readonly Task _dispatching;
    private readonly KeyedRates<PublicKey> _keyRates;
    private int _stopping;
    private int _watches;

    /// <summary>Makes a relay and begins to follow the store.</summary>
    /// <param name="store">The store; the caller closes it after the relay.</param>
    /// <param name="policy">The rules that the store was opened with, which the relay advertises.</param>
    /// <param name="options">How it behaves; null for the defaults.</param>
    /// <param name="rules">Admission rules that are asked after those of the options, or null.</param>
    /// <param name="verifier">What checks signatures; null for the fastest there is.</param>
    /// <param name="logs">Where it logs, or null.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public NostrRelay(
        EventStore store,
        EventPolicyOptions policy,
        RelayOptions? options = null,
        IReadOnlyList<IAdmissionRule>? rules = null,
        IEventVerifier? verifier = null,
        ILoggerFactory? logs = null,
        TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(policy);
        Store = store;
        Policy = policy;
        Options = options ?? new RelayOptions();
        Time = time ?? TimeProvider.System;
        Verifier = verifier ?? EventVerifier.Default;
        _log = new SeldomLog((logs ?? NullLoggerFactory.Instance).CreateLogger("Mortise.Relay"), Time);
        Address = new RelayAddress(policy.RelayUrls);
        Features = RelayFeatures.Of(store, policy, Options);
        RateOptions rates = Options.Rates;
        EventRates = Rates<string>(rates.EventsPerAddress);
        RequestRates = Rates<string>(rates.RequestsPerAddress);
        ConnectionRates = Rates<string>(rates.ConnectionsPerAddress);
        _keyRates = Rates<PublicKey>(rates.EventsPerKey);
        Managed = new ManagedLists(Options.Management.Admins.Count > 0 ? Options.Management.File : "");
        Rules = [.. AdmissionRules.Of(Options, Time), Managed, .. rules ?? []];
        Outgoing = new OutgoingBudget(Options.Limits.MaxTotalOutgoingBytes.Bytes);
        Negentropy = new NegentropyBudget(Options.Limits.MaxNegentropyEvents);
        Connections = new ConnectionRegistry(this);
        Dispatcher = new LiveDispatcher(this, Live, _log);
        Metrics = new RelayMetrics(Time);
        Intake = new EventIntake(
            this,
            Verifier,
            _keyRates,
            Options.Admission.Program.Length > 0 ? new ExternalPolicy(Options.Admission, Time, _log) : null,
            _log);
        _dispatching = Task.Run(Dispatcher.RunAsync);
        Metrics.Publish(this);
    }

    /// <summary>How it behaves.</summary>
    public RelayOptions Options { get; }

    /// <summary>The store.</summary>
    public EventStore Store { get; }

    /// <summary>The NIPs that are served, as NIP-11 lists them: computed from what is loaded and enforced.</summary>
    public IReadOnlyList<int> SupportedNips => Features.Nips;

    /// <summary>Open connections.</summary>
    public int ConnectionCount => Connections.Count;

    /// <summary>True from the beginning of <see cref="StopAsync"/>.</summary>
    public bool IsStopping => Volatile.Read(ref _stopping) != 0;

    internal EventPolicyOptions Policy { get; }

    internal TimeProvider Time { get; }

    internal IEventVerifier Verifier { get; }

    internal RelayAddress Address { get; }

    internal RelayFeatures Features { get; }

    internal IReadOnlyList<IAdmissionRule> Rules { get; }

    internal ManagedLists Managed { get; }

    internal KeyedRates<string> EventRates { get; }

    internal KeyedRates<string> RequestRates { get; }

    internal KeyedRates<string> ConnectionRates { get; }

    internal OutgoingBudget Outgoing { get; }

    internal NegentropyBudget Negentropy { get; }

    internal LiveIndex Live { get; } = new();

    /// <summary>The name in force: a manager's, or the stack's.</summary>
    internal string Name => Managed.State.Name ?? Options.Name;

    /// <summary>The description in force, likewise.</summary>
    internal string Description => Managed.State.Description ?? Options.Description;

    internal ConnectionRegistry Connections { get; }

    internal LiveDispatcher Dispatcher { get; }

    internal EventIntake Intake { get; }

    internal RelayMetrics Metrics { get; }

    /// <summary>Queries that compute at once: more would only slow each other down.</summary>
    internal FairTurns QueryTurns { get; } = new(Math.Max(2, Environment.ProcessorCount));

    /// <summary>Whether a URL can be one by which a relay is known: <c>ws</c>, <c>wss</c>, or the same as
    /// <c>http</c> or <c>https</c>.</summary>
    public static bool IsAddress(string url) => RelayAddress.IsName(url);

    /// <summary>Stops taking connections, answers every event that was taken, and closes the connections. What is left
    /// when the time is up is dropped; what was acknowledged is in the store in any case.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopping, 1) != 0)
        {
            return;
        }

        using var late = new CancellationTokenSource(Options.ShutdownTimeout, Time);
        await Connections.DrainAsync(late.Token).ConfigureAwait(false);
        await Intake.DrainAsync(late.Token).ConfigureAwait(false);
        await Dispatcher.StopAsync().ConfigureAwait(false);
        await _dispatching.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        while (_owned.TryTake(out IDisposable? owned))
        {
            owned.Dispose();
        }

        Intake.Dispose();
        Metrics.Dispose();
    }

    /// <summary>Disposes something with the relay.</summary>
    internal void Own(IDisposable owned) => _owned.Add(owned);

    internal void LogFailure(Exception e, string what) => _log.LogError(e, "{What}", what);

    /// <summary>Forgets quiet clients; called once a second.</summary>
    internal void SweepRates()
    {
        const int SecondsBetween = 60;
        if (++_watches % SecondsBetween == 0)
        {
            EventRates.Sweep();
            RequestRates.Sweep();
            ConnectionRates.Sweep();
            _keyRates.Sweep();
        }
    }

    private KeyedRates<TKey> Rates<TKey>(int perSecond)
        where TKey : notnull =>
        new(perSecond, (long)perSecond * Options.Rates.BurstSeconds, Time);
}
