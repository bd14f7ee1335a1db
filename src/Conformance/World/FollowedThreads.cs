using System.Collections.Concurrent;
using System.Globalization;

namespace Mortise.Conformance;

/// <summary>Knows which threads run code that was begun here: threads that were started, and work of the
/// pool.</summary>
/// <remarks>The execution context flows to whatever is started, however deep, so other threads of the process are never
/// taken for the component's. What suppresses that flow on purpose is not seen; <see cref="BypassScan"/> lists its
/// calls. Threads: any.</remarks>
internal sealed class FollowedThreads : IDisposable
{
    private static readonly AsyncLocal<FollowedThreads?> s_current = new(Changed);

    private readonly ConcurrentDictionary<Thread, int> _entered = [];
    private readonly Thread _own = Thread.CurrentThread;

    private FollowedThreads()
    {
    }

    /// <summary>Follows what the calling thread begins from now on.</summary>
    public static FollowedThreads Begin()
    {
        var followed = new FollowedThreads();
        s_current.Value = followed;
        return followed;
    }

    /// <summary>Waits for all to end, as long as a machine under load may need to schedule them.</summary>
    /// <returns>Names of those that still run.</returns>
    public IReadOnlyList<string> Await(TimeSpan limit)
    {
        SpinWait.SpinUntil(() => !Running().Any(), limit);
        return [.. Running().Select(Describe)];
    }

    /// <inheritdoc/>
    public void Dispose() => s_current.Value = null;

    private IEnumerable<Thread> Running() =>
        _entered.Where(entry => entry.Value > 0 && entry.Key.IsAlive && entry.Key != _own).Select(entry => entry.Key);

    private static void Changed(AsyncLocalValueChangedArgs<FollowedThreads?> change)
    {
        if (change.ThreadContextChanged)
        {
            change.PreviousValue?._entered.AddOrUpdate(Thread.CurrentThread, 0, static (_, depth) => depth - 1);
            change.CurrentValue?._entered.AddOrUpdate(Thread.CurrentThread, 1, static (_, depth) => depth + 1);
        }
    }

    private static string Describe(Thread thread) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(thread.IsThreadPoolThread ? "work of the thread pool" : $"the thread '{thread.Name ?? "without a name"}'")}"
            + $" (managed id {thread.ManagedThreadId})");
}
