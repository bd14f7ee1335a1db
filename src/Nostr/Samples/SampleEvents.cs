namespace Mortise.Nostr;

/// <summary>Makes events that look like what relays see: signed, valid, and the same for the same seed
/// everywhere.</summary>
/// <remarks>
/// <para>Few authors write most events. Notes, reactions, reposts, profiles, contact and relay lists in several
/// versions, articles and lists by address, messages, deletions (some of other people's events, which must not work),
/// ephemeral and expiring events; content with emoji, other scripts and everything that JSON escapes; times nearly in
/// order, often the same second.</para>
/// <para>Threads: each enumeration is its own.</para>
/// </remarks>
public static class SampleEvents
{
    /// <summary>Makes events one by one.</summary>
    /// <param name="count">How many, 0 or more.</param>
    /// <param name="seed">Other seeds give other authors and other events.</param>
    /// <returns>Distinct events; a longer run with the same seed begins with the same events.</returns>
    public static IEnumerable<NostrEvent> Generate(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Generate(count, seed, Schnorr.Default);
    }

    internal static IEnumerable<NostrEvent> Generate(int count, ulong seed, Schnorr schnorr)
    {
        var writer = new SampleWriter(seed, schnorr);
        for (int i = 0; i < count; i++)
        {
            yield return writer.Next();
        }
    }
}
