namespace Mortise.Nostr;

/// <content>Dropping what is too old.</content>
public sealed partial class EventStore
{
    private readonly RetentionMemory _retention = new();
    private readonly SemaphoreSlim _retaining = new(1, 1);

    /// <summary>Drops the events that a policy finds too old, and gives their space back. Reads and writes go on
    /// meanwhile; one run at a time.</summary>
    /// <remarks>Where a family is partitioned by time, partitions that are over for the policy's age end whole, each in one
    /// commit; what a rule says otherwise of goes event by event. A crash leaves each partition as it was or
    /// dropped.</remarks>
    /// <param name="policy">What is too old.</param>
    /// <param name="isDryRun">True to report what would be dropped and change nothing.</param>
    /// <param name="cancellation">Stops between two commits; what was dropped stays so.</param>
    public async ValueTask<RetentionReport> ApplyRetentionAsync(
        RetentionPolicy policy, bool isDryRun = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        await _retaining.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var run = new RetentionRun(
                _engine, (removal, stop) => _engine.WriteAsync(removal, stop), policy, _retention, Now, isDryRun, cancellation);
            return await run.RunAsync(_time).ConfigureAwait(false);
        }
        finally
        {
            _retaining.Release();
        }
    }
}
