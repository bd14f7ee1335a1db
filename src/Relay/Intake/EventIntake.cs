using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Takes events in: checks signatures on all cores, off the store's writer, and hands the good ones to the
/// store in batches.</summary>
/// <remarks>
/// Bounded: connections wait when the queue is full, and so do the checkers while the store is behind. Each event is
/// answered once, whatever happens.
/// </remarks>
internal sealed class EventIntake : IDisposable
{
    private const int QueueCapacity = 4_096;
    private const int MaxBatch = 64;
    private const int MaxBatchBytes = 1 << 20;
    private const int MaxBatchesInStore = 64;
    private static readonly TimeSpan s_dispatchWait = TimeSpan.FromMilliseconds(1);

    private readonly NostrRelay _relay;
    private readonly IEventVerifier _verifier;
    private readonly KeyedRates<PublicKey> _keyRates;
    private readonly ExternalPolicy? _program;
    private readonly ILogger _log;
    private readonly Channel<IntakeJob> _queue = Channel.CreateBounded<IntakeJob>(QueueCapacity);
    private readonly SemaphoreSlim _inStore = new(MaxBatchesInStore, MaxBatchesInStore);
    private readonly Task[] _workers;

    public EventIntake(
        NostrRelay relay,
        IEventVerifier verifier,
        KeyedRates<PublicKey> keyRates,
        ExternalPolicy? program,
        ILogger log)
    {
        _relay = relay;
        _verifier = verifier;
        _keyRates = keyRates;
        _program = program;
        _log = log;
        _workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(WorkAsync))];
    }

    /// <summary>Events that wait for their check.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Queues an event; waits while the queue is full.</summary>
    public ValueTask SubmitAsync(in IntakeJob job) => _queue.Writer.WriteAsync(job);

    /// <summary>Takes nothing more, and ends when everything that was taken is answered.</summary>
    /// <param name="late">From then on nothing waits for the program that decides: it may hang.</param>
    public async Task DrainAsync(CancellationToken late)
    {
        using CancellationTokenRegistration registration = late.UnsafeRegister(
            static program => ((ExternalPolicy?)program)?.GiveUp(), _program);
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(false);
        for (int i = 0; i < MaxBatchesInStore; i++)
        {
            await _inStore.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _program?.Dispose();
        _inStore.Dispose();
    }

    private async Task WorkAsync()
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            var batch = new List<IntakeJob>();
            int bytes = 0;
            while (batch.Count < MaxBatch && bytes < MaxBatchBytes && _queue.Reader.TryRead(out IntakeJob job))
            {
                if (await TryWelcomeAsync(job).ConfigureAwait(false))
                {
                    batch.Add(job);
                    bytes += job.Event.Record.Length;
                }
            }

            if (batch.Count == 0)
            {
                continue;
            }

            while (_relay.Dispatcher.IsBehind)
            {
                await Task.Delay(s_dispatchWait, _relay.Time).ConfigureAwait(false);
            }

            await _inStore.WaitAsync().ConfigureAwait(false);
            _ = StoreAsync(batch);
        }
    }

    /// <summary>Checks an event; whatever goes wrong ends with its answer and not with the worker.</summary>
    private async ValueTask<bool> TryWelcomeAsync(IntakeJob job)
    {
        try
        {
            return await IsWelcomeAsync(job).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _log.LogError(e, "an event could not be checked");
            Answer(job, false, "error: the relay could not check the event");
            return false;
        }
    }

    /// <summary>Checks id, signature and what depends on them; answers those that fail.</summary>
    private async ValueTask<bool> IsWelcomeAsync(IntakeJob job)
    {
        if (IsStored(job.Event))
        {
            // The very bytes that were verified when they were stored.
            Answer(job, true, "duplicate: the relay has this event");
            return false;
        }

        string? refusal = FindRefusal(job.Event);
        if (refusal is null && _program is not null)
        {
            (bool accepts, bool isSilent, string text) = await _program.AskAsync(job).ConfigureAwait(false);
            if (!accepts)
            {
                // A shadow rejection is told as a success.
                Answer(job, isSilent, isSilent ? "" : text);
                return false;
            }
        }

        if (refusal is not null)
        {
            Answer(job, false, refusal);
        }

        return refusal is null;
    }

    private string? FindRefusal(NostrEvent @event)
    {
        EventView view = @event.View;
        VerifyResult result = _verifier.Verify(view);
        _relay.Metrics.Verified.Add(1);
        return result switch
        {
            VerifyResult.BadId => "invalid: the id is not the hash of the event",
            VerifyResult.BadSignature => "invalid: the signature is not the author's",
            _ => _keyRates.TryTake(PublicKey.Read(view.PublicKey))
                ? null
                : "rate-limited: this author publishes too fast",
        };
    }

    private bool IsStored(NostrEvent @event)
    {
        var same = new SameRecord(@event);
        _relay.Store.TryGet(@event.View.Id, ref same);
        return same.IsSame;
    }

    private async Task StoreAsync(List<IntakeJob> batch)
    {
        try
        {
            // Protected events are taken of their authors only (NIP-70), and one write has one publisher: those whose
            // author is who sends them go together, and all the others as from nobody.
            (List<IntakeJob> own, List<IntakeJob> others) = Split(batch);
            await StoreAsync(own, IdSet.FromBytes(Authors(own))).ConfigureAwait(false);
            await StoreAsync(others, IdSet.Empty).ConfigureAwait(false);
        }
        finally
        {
            _inStore.Release();
        }
    }

    private async Task StoreAsync(List<IntakeJob> jobs, IdSet publisher)
    {
        if (jobs.Count == 0)
        {
            return;
        }

        try
        {
            IReadOnlyList<PutResult> results = await _relay.Store
                .PutAsync([.. jobs.Select(static j => j.Event)], publisher)
                .ConfigureAwait(false);
            for (int i = 0; i < jobs.Count; i++)
            {
                (bool accepted, string text) = AnswerTo(results[i], jobs[i]);
                Answer(jobs[i], accepted, text);
            }
        }
        catch (Exception e)
        {
            // Whatever it is, those who wait get an answer.
            _log.LogError(e, "{Count} events could not be stored", jobs.Count);
            foreach (IntakeJob job in jobs)
            {
                Answer(job, false, "error: the relay could not store the event");
            }
        }
    }

    private void Answer(in IntakeJob job, bool accepted, string text)
    {
        _relay.Metrics.Answered(accepted, text, job.ReceivedAt);
        job.Connection.Answer(job.Event, accepted, text);
    }

    private static (bool Accepted, string Text) AnswerTo(in PutResult result, in IntakeJob job) => result.Outcome switch
    {
        PutOutcome.Stored or PutOutcome.Ephemeral => (true, ""),
        PutOutcome.Duplicate => (true, "duplicate: the relay has this event"),
        PutOutcome.Superseded => (false, $"duplicate: {result.Reason}"),
        PutOutcome.Deleted => (false, $"blocked: {result.Reason}"),

        // A client that is told to authenticate does so and tries again: only where that helps (NIP-42).
        PutOutcome.Protected when EventFacts.IsProtected(job.Event.View) && job.Connection.AuthenticatedAs.Count == 0 =>
            (false, $"auth-required: {result.Reason}"),
        PutOutcome.Protected => (false, $"restricted: {result.Reason}"),
        _ => (false, $"invalid: {result.Reason}"),
    };

    private static (List<IntakeJob> Own, List<IntakeJob> Others) Split(List<IntakeJob> batch)
    {
        var own = new List<IntakeJob>();
        var others = new List<IntakeJob>();
        foreach (IntakeJob job in batch)
        {
            (job.Connection.AuthenticatedAs.Contains(job.Event.View.PublicKey) ? own : others).Add(job);
        }

        return (own, others);
    }

    private static byte[] Authors(List<IntakeJob> jobs)
    {
        byte[] packed = new byte[jobs.Count * PublicKey.Bytes];
        for (int i = 0; i < jobs.Count; i++)
        {
            jobs[i].Event.View.PublicKey.CopyTo(packed.AsSpan(i * PublicKey.Bytes));
        }

        return packed;
    }

    private struct SameRecord(NostrEvent @event) : IEventSink
    {
        public bool IsSame { get; private set; }

        public bool Accept(in EventView stored)
        {
            IsSame = stored.Record.SequenceEqual(@event.Record.Span);
            return true;
        }
    }
}
