using System.Collections.Concurrent;
using Mortise.Components;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>The accounts of all instances of all stores of a host.</summary>
/// <remarks>Of those that are closed the last ones that leaked or failed are kept. Threads: any.</remarks>
internal sealed class InstanceAccounts(TimeProvider clock, CrashMarks? marks = null)
{
    private const int KeptAfterwards = 64;

    private readonly ConcurrentDictionary<ComponentContext, InstanceAccount> _open = new();
    private readonly ConcurrentQueue<InstanceUse> _past = new();

    /// <summary>Every instance that is open or has left something, by name.</summary>
    public IReadOnlyList<InstanceUse> All =>
    [
        .. _past.Concat(_open.Values.Select(static a => a.Use())).OrderBy(static u => u.Instance, StringComparer.Ordinal),
    ];

    public InstanceAccount Begin(PluginOrigin plugin, ComponentContext context)
    {
        FlightRecorder.Flight? flight = marks?.Follow(plugin, context.InstanceName, unmarked => context.Log.Write(
            ComponentLogLevel.Warning, "what plugins do is not marked: a crash will not be laid to one", unmarked));
        var account = new InstanceAccount(plugin, context, clock, flight);
        _open[context] = account;
        return account;
    }

    /// <summary>Nothing new begins to use an instance.</summary>
    public void Drain(ComponentContext context)
    {
        if (_open.TryGetValue(context, out InstanceAccount? account))
        {
            account.Drain();
        }
    }

    /// <summary>An instance did not open.</summary>
    public void Fail(ComponentContext context)
    {
        if (_open.TryRemove(context, out InstanceAccount? account))
        {
            account.Failed();
            Keep(account.Use());
        }
    }

    /// <summary>An instance is closed; what it left open is said in its log.</summary>
    public void Close(ComponentContext context)
    {
        if (!_open.TryRemove(context, out InstanceAccount? account))
        {
            return;
        }

        IReadOnlyList<string> leaks = account.Close();
        foreach (string leak in leaks)
        {
            context.Log.Write(ComponentLogLevel.Warning, $"{context.InstanceName} is closed, and {leak}");
        }

        if (leaks.Count > 0)
        {
            Keep(account.Use());
        }
    }

    private void Keep(InstanceUse use)
    {
        _past.Enqueue(use);
        while (_past.Count > KeptAfterwards)
        {
            _past.TryDequeue(out _);
        }
    }
}
