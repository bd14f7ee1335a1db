using System.Globalization;
using Mortise.Nostr;
using Mortise.Plugins;

namespace Mortise.Cli;

/// <summary>The section <c>retention</c> of a stack: how long events are kept.</summary>
public sealed class RetentionSection : IValidatedOptions
{
    /// <summary>How long events are kept that no rule is about; 0 for ever.</summary>
    public TimeSpan MaxAge { get; set; }

    /// <summary>How often a store that is being served drops what is too old; 0 for never, so that only
    /// <c>mortise retention</c> does.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Rules for some kinds or authors; the first that is about an event decides.</summary>
    public IList<RetentionRuleSection> Rules { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Interval != TimeSpan.Zero && Interval < TimeSpan.FromSeconds(1))
        {
            yield return new OptionProblem(nameof(Interval), "must be 0 or at least 1s");
        }
    }

    /// <summary>The policy.</summary>
    public RetentionPolicy ToPolicy() => new()
    {
        MaxAge = MaxAge == TimeSpan.Zero ? null : MaxAge,
        Rules = [.. Rules.Select(static rule => rule.ToRule())],
    };
}

/// <summary>A rule of the section <c>retention</c>.</summary>
public sealed class RetentionRuleSection : IValidatedOptions
{
    /// <summary>Kinds and ranges of kinds: <c>1</c>, <c>30000-39999</c>; none for all.</summary>
    public IList<string> Kinds { get; set; } = [];

    /// <summary>Public keys of authors, 64 lower-case hexadecimal digits; none for all.</summary>
    public IList<string> Authors { get; set; } = [];

    /// <summary>How long these events are kept; 0 for ever.</summary>
    public required TimeSpan MaxAge { get; set; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Kinds.Count == 0 && Authors.Count == 0)
        {
            yield return new OptionProblem(nameof(Kinds), "or authors must say what the rule is about");
        }

        foreach (string kind in Kinds.Where(static kind => !TryReadKinds(kind, out _)))
        {
            yield return new OptionProblem(nameof(Kinds), $"has '{kind}', which is no kind (0 to 65535) and no range "
                + "such as 30000-39999");
        }

        foreach (string author in Authors.Where(static author => !IsKey(author)))
        {
            yield return new OptionProblem(nameof(Authors), $"has '{author}', which is not 64 lower-case hexadecimal "
                + "digits");
        }
    }

    /// <summary>The rule.</summary>
    public RetentionRule ToRule() => new()
    {
        Kinds = Kinds.Count == 0 ? null : [.. Kinds.Select(static kind => TryReadKinds(kind, out var range)
            ? range
            : throw new InvalidOperationException($"kinds '{kind}' were not validated"))],
        Authors = Authors.Count == 0 ? null : IdSet.FromHex([.. Authors]),
        MaxAge = MaxAge == TimeSpan.Zero ? null : MaxAge,
    };

    private static bool IsKey(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static bool TryReadKinds(string text, out (int First, int Last) range)
    {
        string[] ends = text.Split('-');
        range = default;
        return ends.Length is 1 or 2
            && TryReadKind(ends[0], out range.First)
            && TryReadKind(ends[^1], out range.Last)
            && range.First <= range.Last;
    }

    private static bool TryReadKind(string text, out int kind) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out kind) && kind <= ushort.MaxValue;
}
