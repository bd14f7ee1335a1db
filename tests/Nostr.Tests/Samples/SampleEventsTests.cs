using System.Security.Cryptography;

namespace Mortise.Nostr.Tests.Samples;

public sealed class SampleEventsTests
{
    [Fact]
    public void Samples_are_the_same_in_every_version_and_on_every_machine()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (NostrEvent sample in SampleEvents.Generate(500, 7))
        {
            hash.AppendData(sample.Record.Span);
        }

        Assert.Equal(GoldenDigest, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private const string GoldenDigest = "b7e4e3e7cb79b373508cd7c8d2c423f9316464806eada4b4d6c08d66e5ff73be";

    [Fact]
    public void Samples_are_valid_distinct_and_signed()
    {
        var ids = new HashSet<string>();
        foreach (NostrEvent sample in SampleEvents.Generate(2_000, 1))
        {
            Assert.True(ids.Add(sample.Id));
            Assert.True(EventView.TryOpen(sample.Record.Span, out EventView view, out string? fact), fact);
            if (Schnorr.Native is null && ids.Count % 100 != 0)
            {
                Assert.True(EventId.IsRight(view));
                continue;
            }

            Assert.Equal(VerifyResult.Ok, EventVerifier.Default.Verify(view));
        }
    }

    [Fact]
    public void A_longer_run_begins_with_the_shorter_one_and_other_seeds_differ()
    {
        string[] shorter = [.. SampleEvents.Generate(50, 3).Select(e => e.Id)];
        Assert.Equal(shorter, SampleEvents.Generate(80, 3).Take(50).Select(e => e.Id));
        Assert.Empty(shorter.Intersect(SampleEvents.Generate(50, 4).Select(e => e.Id)));
        Assert.Empty(SampleEvents.Generate(0, 3));
    }

    [Fact]
    public void The_managed_implementation_makes_the_same_samples() =>
        Assert.Equal(
            SampleEvents.Generate(40, 5).Select(e => e.ToJson()),
            SampleEvents.Generate(40, 5, Schnorr.Managed).Select(e => e.ToJson()));

    [Fact]
    public void Samples_have_what_stores_get_wrong()
    {
        NostrEvent[] samples = [.. SampleEvents.Generate(3_000, 2)];
        Assert.Contains(samples, e => e.Kind is >= 20000 and < 30000);
        Assert.Contains(samples, e => e.Kind == 65535);
        Assert.Contains(samples, e => e.GetTags().Any(t => t.Length == 0));
        Assert.Contains(samples, e => e.GetTags().Any(t => t is ["expiration", _]));
        Assert.Contains(samples, e => e.Kind == 30000 && !e.GetTags().Any(t => t is ["d", ..]));
        Assert.Contains(samples, e => e.Kind == 5 && e.GetTags().Any(t => t is ["a", _]));
        Assert.Contains(samples, e => e.Content.Any(c => c < ' ' && c != '\n'));
        Assert.Contains(samples.GroupBy(e => (e.PubKey, e.Kind)), g => g.Key.Kind == 0 && g.Count() > 1);
        Assert.Contains(samples.GroupBy(e => e.CreatedAt), g => g.Count() > 1);

        // Some deletions name events of their own author, some of others.
        Dictionary<string, string> authors = samples.ToDictionary(e => e.Id, e => e.PubKey);
        bool[] own = [.. samples.Where(e => e.Kind == 5)
            .SelectMany(e => e.GetTags().Where(t => t is ["e", _]).Select(t => authors[t[1]] == e.PubKey))];
        Assert.Contains(true, own);
        Assert.Contains(false, own);

        int[] byAuthor = [.. samples.GroupBy(e => e.PubKey).Select(g => g.Count()).OrderDescending()];
        Assert.True(byAuthor[0] > 20 * byAuthor[byAuthor.Length / 2], string.Join(' ', byAuthor.Take(20)));
    }
}
