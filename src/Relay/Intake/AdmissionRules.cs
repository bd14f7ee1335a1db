using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>The rules that a stack asks for, in the order in which they are asked: the cheapest first.</summary>
internal static class AdmissionRules
{
    public static IReadOnlyList<IAdmissionRule> Of(RelayOptions options, TimeProvider time)
    {
        AdmissionOptions admission = options.Admission;
        var rules = new List<IAdmissionRule>
        {
            new SizeRule(options.Limits),
            new TimeRule(admission, time),
            new KindRule([.. admission.AllowKinds], [.. admission.DenyKinds]),
        };
        if (admission.AllowAuthors.Count + admission.DenyAuthors.Count > 0)
        {
            rules.Add(new AuthorRule(Keys(admission.AllowAuthors), Keys(admission.DenyAuthors)));
        }

        if (admission.MinPow > 0)
        {
            rules.Add(new WorkRule(admission.MinPow));
        }

        if (admission.AuthRequired || options.AuthRequired)
        {
            rules.Add(new AuthenticationRule());
        }

        return rules;
    }

    private static HashSet<PublicKey> Keys(IEnumerable<string> hex) =>
        [.. hex.Select(static h => PublicKey.TryParse(h, out PublicKey key) ? key : default)];
}

/// <summary>Sizes: what an event may weigh.</summary>
internal sealed class SizeRule(LimitOptions limits) : IAdmissionRule
{
    public string? FindRefusal(in EventView @event, in AdmissionSource source)
    {
        if (@event.TagCount > limits.MaxEventTags)
        {
            return $"invalid: {@event.TagCount} tags; up to {limits.MaxEventTags} are taken";
        }

        if (Characters(@event.Content) > limits.MaxContentLength)
        {
            return $"invalid: the content has more than {limits.MaxContentLength} characters";
        }

        foreach (TagView tag in @event.Tags)
        {
            foreach (TagValue value in tag)
            {
                if (value.Utf8Length > limits.MaxTagValueBytes.Bytes)
                {
                    return $"invalid: a tag with {value.Utf8Length} bytes in one string; "
                        + $"up to {limits.MaxTagValueBytes.Bytes} are taken";
                }
            }
        }

        return null;
    }

    /// <summary>Unicode characters: bytes that continue none.</summary>
    private static int Characters(ReadOnlySpan<byte> utf8)
    {
        int count = 0;
        foreach (byte b in utf8)
        {
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }
}

/// <summary>Times: how old, how far in the future.</summary>
internal sealed class TimeRule(AdmissionOptions options, TimeProvider time) : IAdmissionRule
{
    public string? FindRefusal(in EventView @event, in AdmissionSource source)
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        if (@event.CreatedAt > now + (long)options.MaxFuture.TotalSeconds)
        {
            return "invalid: created_at is too far in the future";
        }

        return options.MaxAge > TimeSpan.Zero && @event.CreatedAt < now - (long)options.MaxAge.TotalSeconds
            ? "invalid: created_at is too far in the past"
            : null;
    }
}

/// <summary>Kinds that are taken, and the one that never is.</summary>
internal sealed class KindRule(HashSet<int> allow, HashSet<int> deny) : IAdmissionRule
{
    public string? FindRefusal(in EventView @event, in AdmissionSource source) =>
        @event.Kind == EventFacts.AuthKind ? "invalid: kind 22242 authenticates; send it as AUTH"
        : deny.Contains(@event.Kind) || (allow.Count > 0 && !allow.Contains(@event.Kind))
            ? $"blocked: kind {@event.Kind} is not taken here"
        : null;
}

/// <summary>Authors that are taken.</summary>
internal sealed class AuthorRule(HashSet<PublicKey> allow, HashSet<PublicKey> deny) : IAdmissionRule
{
    public string? FindRefusal(in EventView @event, in AdmissionSource source)
    {
        var author = PublicKey.Read(@event.PublicKey);
        return deny.Contains(author) || (allow.Count > 0 && !allow.Contains(author))
            ? "blocked: events of this author are not taken here"
            : null;
    }
}

/// <summary>Proof of work (NIP-13). A commitment to less than is asked for does not count, whatever luck
/// gave.</summary>
internal sealed class WorkRule(int bits) : IAdmissionRule
{
    public string? FindRefusal(in EventView @event, in AdmissionSource source)
    {
        int found = EventFacts.Difficulty(@event.Id);
        if (found < bits)
        {
            return $"pow: difficulty {found} is less than {bits}";
        }

        return EventFacts.CommittedDifficulty(@event) is int target && target < bits
            ? $"pow: the event commits to difficulty {target}, less than {bits}"
            : null;
    }
}

/// <summary>Authentication before writing (NIP-42).</summary>
internal sealed class AuthenticationRule : IAdmissionRule
{
    public string? FindRefusal(in EventView @event, in AdmissionSource source) =>
        source.AuthenticatedAs.Count == 0 ? "auth-required: authenticate before you publish" : null;
}
