using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Import;

/// <summary>Imports JSON lines: parse and verify in parallel, store in order, acknowledge what is durable.</summary>
/// <remarks>
/// Batches are handed to the store one after another without waiting for the one before, so that the store can make
/// several durable at once; answers come in the order of the input. An acknowledgement is written and flushed only when
/// the store has completed the write, which is when its sync mode is satisfied.
/// </remarks>
internal sealed class ImportRunner(
    EventStore store, IEventVerifier? verifier, OutputWriter? acknowledgements, ToolConsole console, TimeProvider time)
{
    private const int MaxPending = 8;

    private readonly ProgressLine _progress = new(console, time);
    private readonly RejectionReport _report = new(console.Error);

    /// <summary>The counts so far.</summary>
    public ImportSummary Summary { get; } = new();

    /// <summary>Imports one input.</summary>
    /// <param name="name">What the input is called in messages.</param>
    /// <param name="lines">The input.</param>
    /// <param name="cancellation">Stops reading; what was handed to the store is completed and acknowledged.</param>
    public async Task RunAsync(string name, LineSource lines, CancellationToken cancellation)
    {
        long began = time.GetTimestamp();
        var pending = new Queue<PendingPut>();
        IAsyncEnumerable<ParsedBatch> batches = OrderedPipeline.SelectAsync(
            lines.ReadAsync(cancellation),
            batch => ParsedBatch.Of(batch, verifier),
            ahead: 2 * Environment.ProcessorCount,
            cancellation);
        try
        {
            await foreach (ParsedBatch batch in batches.ConfigureAwait(false))
            {
                pending.Enqueue(Put(batch));
                while (pending.Count > 0 && (pending.Count > MaxPending || pending.Peek().Answer.IsCompleted))
                {
                    await CompleteAsync(name, pending.Dequeue()).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            while (pending.TryDequeue(out PendingPut? put))
            {
                await CompleteAsync(name, put).ConfigureAwait(false);
            }

            Summary.Elapsed += time.GetElapsedTime(began);
            _progress.Clear();
        }
    }

    /// <summary>Says what was left unsaid.</summary>
    public void Finish() => _report.Finish();

    private PendingPut Put(ParsedBatch batch)
    {
        var events = new List<NostrEvent>(batch.Lines.Count);
        foreach (ParsedLine line in batch.Lines)
        {
            if (line.Event is { } parsed)
            {
                events.Add(parsed);
            }
        }

        // What is under way is not stopped by a cancellation: its answer is what an acknowledgement rests on.
        return new PendingPut(batch, PutAsync(events));
    }

    private async Task<IReadOnlyList<PutResult>> PutAsync(List<NostrEvent> events) =>
        events.Count == 0 ? [] : await store.PutAsync(events, CancellationToken.None).ConfigureAwait(false);

    private async Task CompleteAsync(string name, PendingPut put)
    {
        IReadOnlyList<PutResult> results = await put.Answer.ConfigureAwait(false);
        int next = 0;
        foreach (ParsedLine line in put.Batch.Lines)
        {
            Summary.Read++;
            if (line.Event is null)
            {
                Summary.Malformed += line.Id == "-" ? 1 : 0;
                Refuse(name, line);
            }
            else
            {
                Count(name, line, results[next++]);
            }
        }

        acknowledgements?.Flush();
        _progress.Show(() => $"{Words.Count(Summary.Read)} read, {Words.Count(Summary.Stored)} stored");
    }

    private void Count(string name, in ParsedLine line, PutResult result)
    {
        switch (result.Outcome)
        {
            case PutOutcome.Stored:
                Summary.Stored++;
                Acknowledge("OK ", line.Id, null);
                break;
            case PutOutcome.Duplicate:
                Summary.Duplicate++;
                Acknowledge("DUP ", line.Id, null);
                break;
            case PutOutcome.Rejected:
                Refuse(name, line with { Reason = "refused", Detail = result.Reason });
                break;
            default:
                // The store's rules at work, not something wrong with the input.
                string reason = Words.OneWord(result.Outcome.ToString());
                Summary.Reject(reason);
                Acknowledge("REJ ", line.Id, reason);
                break;
        }
    }

    private void Refuse(string name, in ParsedLine line)
    {
        Summary.Reject(line.Reason!);
        _progress.Clear();
        _report.Add(name, line);
        Acknowledge("REJ ", line.Id, line.Reason);
    }

    private void Acknowledge(string verdict, string id, string? reason)
    {
        if (acknowledgements is not null)
        {
            acknowledgements.Write(verdict);
            acknowledgements.Write(id);
            if (reason is not null)
            {
                acknowledgements.Write(" "u8);
                acknowledgements.Write(reason);
            }

            acknowledgements.EndLine();
        }
    }

    private sealed record PendingPut(ParsedBatch Batch, Task<IReadOnlyList<PutResult>> Answer);
}
