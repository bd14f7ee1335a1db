using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>Which versions are accepted: <c>^1.0</c>, <c>~1.2</c>, <c>1.2.3</c>, <c>&gt;=1.2 &lt;2</c>,
/// <c>[1.2,2.0)</c>, or several of those joined by <c>or</c>.</summary>
/// <remarks>
/// <para><c>^1.2</c> is 1.2.0 up to and without 2.0.0; below 1.0 the minor counts as the major (<c>^0.3</c> is 0.3.x).
/// <c>~1.2</c> is 1.2.x. A whole version is that version alone.</para>
/// <para>Every range has an upper bound: what the next major changes nobody knows yet, so <c>*</c> and <c>&gt;=1.0</c>
/// are refused. A prerelease is accepted only by a range that names one.</para>
/// </remarks>
public sealed class VersionRequirement
{
    private readonly string _text;
    private readonly IReadOnlyList<VersionRange> _alternatives;

    private VersionRequirement(string text, IReadOnlyList<VersionRange> alternatives)
    {
        _text = text;
        _alternatives = alternatives;
    }

    /// <summary>Reads a range.</summary>
    /// <param name="text">The range.</param>
    /// <param name="requirement">The range, when the text is one.</param>
    /// <param name="reason">Why not, as a lower-case fact with an example.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out VersionRequirement? requirement, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(text);
        requirement = null;
        var alternatives = new List<VersionRange>();
        foreach (string part in text.Replace("||", " or ", StringComparison.Ordinal).Split(" or "))
        {
            if (part.Contains('*', StringComparison.Ordinal) || part.Trim() is "" or "x" or "X")
            {
                reason = $"'{text}' names no version; name a major, for example ^1.0";
                return false;
            }

            VersionRange? range = ParseOne(part.Trim());
            if (range is null)
            {
                reason = $"'{text}' is not a range of semantic versions; for example ^1.0, ~1.2, 1.2.3 or '>=1.2 <2'";
                return false;
            }

            if (!range.HasUpperBound)
            {
                reason = $"'{text}' has no upper bound, and the next major may change anything; for example ^1.0";
                return false;
            }

            alternatives.Add(range);
        }

        requirement = new VersionRequirement(text, alternatives);
        reason = null;
        return true;
    }

    /// <summary>True when the range accepts a version.</summary>
    public bool Accepts(NuGetVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        foreach (VersionRange range in _alternatives)
        {
            bool namesPrerelease =
                range.MinVersion is { IsPrerelease: true } || range.MaxVersion is { IsPrerelease: true };
            if (range.Satisfies(version) && (!version.IsPrerelease || namesPrerelease))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The range as it was written.</summary>
    public override string ToString() => _text;

    private static VersionRange? ParseOne(string text)
    {
        if (text[0] is '[' or '(')
        {
            return VersionRange.TryParse(text, allowFloating: false, out VersionRange? interval) ? interval : null;
        }

        if (text[0] is '^' or '~')
        {
            return TryVersion(text[1..], out NuGetVersion? low, out int parts)
                ? new VersionRange(low, true, NextAfter(low, text[0], parts), false)
                : null;
        }

        return text[0] is '<' or '>' or '='
            ? ParseComparisons(text)
            : TryVersion(text, out NuGetVersion? exact, out int count) && count == 3
                ? new VersionRange(exact, true, exact, true)
                : null;
    }

    /// <summary>The first version that a caret or tilde range no longer accepts.</summary>
    private static NuGetVersion NextAfter(NuGetVersion low, char kind, int parts) => kind switch
    {
        '^' when low.Major > 0 || parts == 1 => new NuGetVersion(low.Major + 1, 0, 0),
        '^' when low.Minor > 0 || parts == 2 => new NuGetVersion(0, low.Minor + 1, 0),
        '^' => new NuGetVersion(0, 0, low.Patch + 1),
        _ when parts == 1 => new NuGetVersion(low.Major + 1, 0, 0),
        _ => new NuGetVersion(low.Major, low.Minor + 1, 0),
    };

    private static VersionRange? ParseComparisons(string text)
    {
        NuGetVersion? low = null;
        NuGetVersion? high = null;
        bool includesLow = false;
        bool includesHigh = false;
        foreach (string term in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string op = term[..term.TakeWhile(static c => c is '<' or '>' or '=').Count()];
            if (!TryVersion(term[op.Length..], out NuGetVersion? version, out _))
            {
                return null;
            }

            bool isLow = op is ">" or ">=" or "=";
            bool isHigh = op is "<" or "<=" or "=";
            if ((!isLow && !isHigh) || (isLow && low is not null) || (isHigh && high is not null))
            {
                return null;
            }

            (low, includesLow) = isLow ? (version, op is ">=" or "=") : (low, includesLow);
            (high, includesHigh) = isHigh ? (version, op is "<=" or "=") : (high, includesHigh);
        }

        return low is not null && high is not null && low > high
            ? null
            : new VersionRange(low, includesLow, high, includesHigh);
    }

    /// <summary>Reads one to three numbers with an optional prerelease.</summary>
    private static bool TryVersion(string text, [NotNullWhen(true)] out NuGetVersion? version, out int parts)
    {
        string core = text.Split('-', '+')[0];
        string[] numbers = core.Split('.');
        parts = numbers.Length;
        version = null;
        return parts <= 3
            && Array.TrueForAll(numbers, IsNumber)
            && (parts == 3 || core.Length == text.Length)
            && NuGetVersion.TryParse(text, out version);
    }

    /// <summary>One less than the largest is the largest, so that the next major has a number.</summary>
    private static bool IsNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value < int.MaxValue;
}
