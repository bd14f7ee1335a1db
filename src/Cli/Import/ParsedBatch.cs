using Mortise.Nostr;

namespace Mortise.Cli.Import;

/// <summary>What one line of an import turned out to be.</summary>
/// <param name="Event">The event; null when the line is none.</param>
/// <param name="Id">The id that the line gives itself, lower-case hexadecimal, or <c>-</c>.</param>
/// <param name="Number">The line's number, from 1.</param>
/// <param name="Reason">Why it is refused, in one word; null when it may be stored.</param>
/// <param name="Detail">The same for a person; null when there is nothing to add.</param>
internal readonly record struct ParsedLine(
    NostrEvent? Event, string Id, long Number, string? Reason = null, string? Detail = null);

/// <summary>The lines of a batch, parsed and verified, in order.</summary>
internal sealed class ParsedBatch
{
    private ParsedBatch(List<ParsedLine> lines) => Lines = lines;

    /// <summary>The lines.</summary>
    public List<ParsedLine> Lines { get; }

    /// <summary>Parses and verifies a batch, and returns its buffer. Any thread.</summary>
    /// <param name="batch">Disposed here.</param>
    /// <param name="verifier">Checks ids and signatures; null to trust them.</param>
    public static ParsedBatch Of(LineBatch batch, IEventVerifier? verifier)
    {
        using (batch)
        {
            var lines = new List<ParsedLine>(batch.Count + batch.TooLong.Count);
            foreach (long number in batch.TooLong)
            {
                lines.Add(new ParsedLine(
                    null, "-", number, "too-long", $"longer than {LineSource.MaxLineBytes >> 20} MiB"));
            }

            for (int i = 0; i < batch.Count; i++)
            {
                lines.Add(Parse(batch.Line(i).Span, batch.Number(i), verifier));
            }

            // Rarely more than the one list, and then the order of the input is what a person looks for.
            if (batch.TooLong.Count > 0)
            {
                lines.Sort(static (a, b) => a.Number.CompareTo(b.Number));
            }

            return new ParsedBatch(lines);
        }
    }

    private static ParsedLine Parse(ReadOnlySpan<byte> line, long number, IEventVerifier? verifier)
    {
        if (!EventJson.TryParse(line, out NostrEvent? parsed, out EventProblem problem))
        {
            return new ParsedLine(null, "-", number, Words.OneWord(problem.Reason.ToString()), problem.ToString());
        }

        return (verifier?.Verify(parsed.View) ?? VerifyResult.Ok) switch
        {
            VerifyResult.Ok => new ParsedLine(parsed, parsed.Id, number),
            VerifyResult.BadId => new ParsedLine(null, parsed.Id, number, "wrong-id", "the id is not the event's"),
            _ => new ParsedLine(null, parsed.Id, number, "bad-signature", "the signature is not the author's"),
        };
    }
}
