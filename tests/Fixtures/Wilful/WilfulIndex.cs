using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Reference;

namespace Mortise.Fixtures.Wilful;

/// <summary>The reference index, with the behaviour that the plugin's folder says.</summary>
public sealed class WilfulIndex(MemoryIndex inner) : IIndexFamily
{
    private static object? s_kept;
    private static int s_failures;

    /// <summary>Opens one, or fails to.</summary>
    public static async ValueTask<IIndexFamily> OpenAsync(
        ComponentContext context, MemoryIndexOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        await Task.Yield();
        WilfulPlugin.Fail("open");
        if (WilfulPlugin.Is("clings"))
        {
            s_kept = context.Time.CreateTimer(static _ => _ = s_kept, null, TimeSpan.FromDays(1), TimeSpan.FromDays(1));
        }

        if (WilfulPlugin.Is("ends-in-step"))
        {
            context.Background.Register("overflow", static _ => Overflow(0)).Signal();
        }

        if (WilfulPlugin.Is("leaks"))
        {
            IStorageFile file = context.Files.Open("left-open", FileIntent.CreateNew);
            ITimer timer = context.Time.CreateTimer(static _ => { }, null, TimeSpan.FromDays(1), TimeSpan.FromDays(1));
            IBackgroundWork work = context.Background.Register("left running", static _ => StepResult.Idle);
            s_kept = (file, timer, work);
        }

        return new WilfulIndex(new MemoryIndex(options));
    }

    /// <inheritdoc/>
    public ComponentIdentity Identity => inner.Identity;

    /// <inheritdoc/>
    public IndexTraits Traits => inner.Traits;

    /// <inheritdoc/>
    public Lsn AppliedLsn => inner.AppliedLsn;

    /// <inheritdoc/>
    public Lsn DurableLsn => inner.DurableLsn;

    /// <inheritdoc/>
    public IndexStatistics Statistics => inner.Statistics;

    /// <inheritdoc/>
    public void Apply(in IndexBatch batch)
    {
        // A load goes through; the first commit does not.
        if (batch.Lsn != Lsn.None && batch.Mutations.Length > 0)
        {
            WilfulPlugin.Fail("apply");
            if (WilfulPlugin.Is("ends-in-apply"))
            {
                Environment.FailFast("ends in apply");
            }

            if (WilfulPlugin.Is("apply-once") && Interlocked.Exchange(ref s_failures, 1) == 0)
            {
                throw new FormatException("fails once in apply");
            }
        }

        inner.Apply(batch);
    }

    /// <inheritdoc/>
    public IIndexSnapshot OpenSnapshot()
    {
        WilfulPlugin.Fail("snapshot");
        return inner.OpenSnapshot();
    }

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default) => inner.CheckpointAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask ResetAsync(CancellationToken cancellation = default) => inner.ResetAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (WilfulPlugin.Is("never-closes"))
        {
            await Task.Delay(Timeout.Infinite).ConfigureAwait(false);
        }

        WilfulPlugin.Fail("close");
        await inner.DisposeAsync().ConfigureAwait(false);
    }

    // Never comes back: each call needs the one that it makes.
    private static StepResult Overflow(int depth)
    {
        Span<byte> room = stackalloc byte[4096];
        room[0] = (byte)depth;
        return room[0] == (byte)depth && Overflow(depth + 1) == StepResult.More ? StepResult.More : StepResult.Idle;
    }
}
