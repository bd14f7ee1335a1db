namespace Mortise.Nostr;

/// <summary>The store's answer to one event.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">A lower-case fact for a person; empty when it was stored.</param>
public readonly record struct PutResult(PutOutcome Outcome, string Reason)
{
    /// <summary>True when the store holds the event now, or needs not to.</summary>
    public bool IsAccepted => Outcome is PutOutcome.Stored or PutOutcome.Duplicate or PutOutcome.Ephemeral;

    internal static PutResult Stored => new(PutOutcome.Stored, "");
}
