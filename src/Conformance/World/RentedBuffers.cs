using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Globalization;
using System.Reflection;

namespace Mortise.Conformance;

/// <summary>Keeps the books of what code that was begun here takes from the shared pools of arrays and gives
/// back.</summary>
/// <remarks>
/// <para>The pools tell every loan and every return through an event source, on the thread that makes it. The execution
/// context says whose loan it is, as in <see cref="FollowedThreads"/>; a return counts from wherever it comes. Loans
/// that the runtime's own libraries make, and those from a pool of the component's own, are not counted.</para>
/// <para>The pools name an array by a hash. Arrays of equal hash share an account: loans less returns is right all the
/// same, so that a coincidence may hide something and never invents it.</para>
/// <para>Threads: any.</para>
/// </remarks>
internal sealed class RentedBuffers : EventListener
{
    private const string Source = "System.Buffers.ArrayPoolEventSource";
    private const int FramesTold = 4;

    private static readonly AsyncLocal<RentedBuffers?> s_current = new();

    [ThreadStatic]
    private static bool s_looksAway;

    private readonly Lock _gate = new();
    private readonly Dictionary<(int Pool, int Array), Account> _accounts = [];
    private readonly List<string> _returnedTwice = [];
    private long _events;

    private RentedBuffers()
    {
    }

    /// <summary>What was taken here and not given back: how long it is, and who took it.</summary>
    public IReadOnlyList<string> Missing
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    .. _accounts.Values.Where(static account => account.Loans > 0 && account.Loan is not null)
                        .Select(static account => string.Create(
                            CultureInfo.InvariantCulture,
                            $"an array of {account.Length} taken by {Tell(account.Loan!)}")),
                ];
            }
        }
    }

    /// <summary>What was given back and then once more: how long it is, and who did it the second time.</summary>
    public IReadOnlyList<string> ReturnedTwice
    {
        get
        {
            lock (_gate)
            {
                return [.. _returnedTwice];
            }
        }
    }

    /// <summary>Counts what the calling thread, and what it begins, takes from now on.</summary>
    /// <exception cref="NotSupportedException">The process has event sources switched off.</exception>
    public static RentedBuffers Begin()
    {
        // The source exists once a pool was used.
        Unseen(static () => ArrayPool<byte>.Shared.Return(ArrayPool<byte>.Shared.Rent(16)));
        var rented = new RentedBuffers();
        ArrayPool<byte>.Shared.Return(ArrayPool<byte>.Shared.Rent(16));
        if (Interlocked.Read(ref rented._events) == 0)
        {
            rented.Dispose();
            throw new NotSupportedException(
                "loans of the shared pools cannot be counted: this process runs with EventSourceSupport switched off");
        }

        s_current.Value = rented;
        return rented;
    }

    /// <summary>Does something that is not counted.</summary>
    public static void Unseen(Action action)
    {
        s_looksAway = true;
        try
        {
            action();
        }
        finally
        {
            s_looksAway = false;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        s_current.Value = null;
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Source)
        {
            EnableEvents(eventSource, EventLevel.Verbose);
        }
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        bool isLoan = eventData.EventName == "BufferRented";
        if (s_looksAway || eventData.EventSource.Name != Source || (!isLoan && eventData.EventName != "BufferReturned"))
        {
            return;
        }

        Interlocked.Increment(ref _events);
        (int array, int length, int pool) =
            ((int)eventData.Payload![0]!, (int)eventData.Payload[1]!, (int)eventData.Payload[2]!);

        // What is looked up here may take from the pools itself.
        s_looksAway = true;
        try
        {
            StackTrace? by = ReferenceEquals(s_current.Value, this) ? Caller() : null;
            lock (_gate)
            {
                Book(isLoan, (pool, array), length, by);
            }
        }
        finally
        {
            s_looksAway = false;
        }
    }

    private void Book(bool isLoan, (int Pool, int Array) key, int length, StackTrace? by)
    {
        if (!_accounts.TryGetValue(key, out Account? account))
        {
            if (!isLoan)
            {
                // Taken before anybody counted, or never taken.
                return;
            }

            _accounts.Add(key, account = new Account());
        }

        if (isLoan)
        {
            account.Loans++;
            account.Length = length;
            account.Loan = by;
        }
        else if (account.Loans > 0)
        {
            account.Loans--;
        }
        else if (account.Loan is not null && by is not null)
        {
            _returnedTwice.Add(string.Create(
                CultureInfo.InvariantCulture, $"an array of {length} given back once more by {Tell(by)}"));
        }
    }

    /// <returns>Null when the caller is the runtime's, or the pool is nobody else's.</returns>
    private static StackTrace? Caller()
    {
        var trace = new StackTrace(fNeedFileInfo: false);
        bool inPool = false;
        foreach (StackFrame frame in trace.GetFrames())
        {
            Type? type = frame.GetMethod()?.DeclaringType;
            bool isPool = type?.Namespace == "System.Buffers";
            if (isPool && type!.Name.StartsWith("ConfigurableArrayPool", StringComparison.Ordinal))
            {
                return null;
            }

            if (inPool && !isPool)
            {
                return type is null || IsOfTheRuntime(type.Assembly) ? null : trace;
            }

            inPool |= isPool;
        }

        return null;
    }

    private static string Tell(StackTrace trace) => string.Join(
        ", called by ",
        trace.GetFrames().Select(static frame => frame.GetMethod())
            .Where(static method => method?.DeclaringType is { } type && !IsOfTheRuntime(type.Assembly)
                && type.Assembly != typeof(RentedBuffers).Assembly)
            .Take(FramesTold)
            .Select(static method => $"{method!.DeclaringType!.FullName}.{method.Name}"));

    private static bool IsOfTheRuntime(Assembly assembly) =>
        assembly.GetName().Name is not { } name || name.StartsWith("System.", StringComparison.Ordinal);

    private sealed class Account
    {
        public int Loans { get; set; }

        public int Length { get; set; }

        /// <summary>Who took it last; null when that was none of ours.</summary>
        public StackTrace? Loan { get; set; }
    }
}
