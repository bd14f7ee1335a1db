using Mortise.Host.Loading;
using NuGet.Versioning;

namespace Mortise.Host.Tests.Loading;

public sealed class VersionRequirementTests
{
    [Theory]
    [InlineData("^1.2", "1.2.0 1.2.9 1.99.0", "1.1.9 2.0.0 2.0.0-beta 1.3.0-beta")]
    [InlineData("^1", "1.0.0 1.9.9", "0.9.9 2.0.0")]
    [InlineData("^1.2.3", "1.2.3 1.3.0", "1.2.2 2.0.0")]
    [InlineData("^0.3", "0.3.0 0.3.9", "0.2.9 0.4.0 1.0.0")]
    [InlineData("^0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0")]
    [InlineData("^0", "0.0.1 0.9.0", "1.0.0")]
    [InlineData("~1.2", "1.2.0 1.2.9", "1.3.0 1.1.0")]
    [InlineData("1.2.3", "1.2.3", "1.2.4 1.2.2")]
    [InlineData(">=1.2 <2", "1.2.0 1.9.0", "1.1.0 2.0.0")]
    [InlineData(">1.2 <=1.4", "1.2.1 1.4.0", "1.2.0 1.4.1")]
    [InlineData("<2", "0.1.0 1.9.0", "2.0.0")]
    [InlineData("[1.2,2.0)", "1.2.0 1.9.0", "2.0.0 1.1.0")]
    [InlineData("^1 or ^3", "1.5.0 3.1.0", "2.0.0 4.0.0")]
    [InlineData("^1 || ^3", "1.5.0 3.1.0", "2.0.0 4.0.0")]
    [InlineData("^1.3.0-beta.2", "1.3.0-beta.2 1.3.0 1.9.0", "1.3.0-beta.1 2.0.0")]
    public void A_range_accepts_what_it_says(string text, string accepted, string refused)
    {
        Assert.True(VersionRequirement.TryParse(text, out VersionRequirement? range, out string? reason), reason);
        Assert.All(accepted.Split(' '), v => Assert.True(range.Accepts(NuGetVersion.Parse(v)), $"{text} refuses {v}"));
        Assert.All(refused.Split(' '), v => Assert.False(range.Accepts(NuGetVersion.Parse(v)), $"{text} accepts {v}"));
    }

    [Theory]
    [InlineData("*", "names no version")]
    [InlineData("", "names no version")]
    [InlineData("x", "names no version")]
    [InlineData("1.*", "names no version")]
    [InlineData("^1 or *", "names no version")]
    [InlineData(">=1.0", "has no upper bound")]
    [InlineData("[1.0,)", "has no upper bound")]
    [InlineData("1", "is not a range")]
    [InlineData("1.2", "is not a range")]
    [InlineData("^one", "is not a range")]
    [InlineData("^1.2.3.4", "is not a range")]
    [InlineData("^99999999999", "is not a range")]
    [InlineData("^2147483647", "is not a range")]
    [InlineData(">=2 <1", "is not a range")]
    [InlineData(">=1 >=2 <3", "is not a range")]
    [InlineData("!1", "is not a range")]
    public void A_range_that_says_nothing_or_too_much_is_refused(string text, string reason)
    {
        Assert.False(VersionRequirement.TryParse(text, out _, out string? said));
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.0.0", "^1.0 >=1.2,<2 ^2 ^1||^2", "yes no no yes")]
    [InlineData("1.3.0", "^1.0 >=1.2,<2 ^2 ^1||^2", "yes yes no yes")]
    [InlineData("2.0.0", "^1.0 >=1.2,<2 ^2 ^1||^2", "no no yes yes")]
    public void Contract_negotiation_matrix(string host, string ranges, string verdicts)
    {
        string[] actual = [.. ranges.Split(' ').Select(r =>
        {
            Assert.True(VersionRequirement.TryParse(r.Replace(',', ' '), out VersionRequirement? range, out string? reason), reason);
            return range.Accepts(NuGetVersion.Parse(host)) ? "yes" : "no";
        })];
        Assert.Equal(verdicts.Split(' '), actual);
    }
}
