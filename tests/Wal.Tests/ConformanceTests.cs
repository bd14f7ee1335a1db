using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

/// <summary>The laws that every log has to obey, on this one.</summary>
public class ConformanceTests
{
    private static readonly ComponentSubject<IWriteAheadLog> s_subject = Subject();

    public static IEnumerable<object[]> Laws => LogLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_log_obeys_every_law_of_logs(string law)
    {
        LawTier tier = TestSeeds.Soak > 1 ? LawTier.Standard : LawTier.Smoke;
        LawResult result = LogLaws.Suite.Check(law, s_subject, new LawSettings { Tier = tier });
        Assert.True(
            result.Verdict == LawVerdict.Passed, $"{law}: {result.Verdict}, seed {result.Seed}: {result.Detail}");
    }

    private static ComponentSubject<IWriteAheadLog> Subject()
    {
        var catalog = new SubjectCatalog((_, options) =>
        {
            if (options is WalOptions wal)
            {
                WalOptions small = Logs.Small();
                wal.SegmentSize = small.SegmentSize;
                wal.MaxPayload = small.MaxPayload;
                wal.Prewrite = small.Prewrite;
            }
        });
        new WalPlugin().Register(catalog);
        return Assert.Single(catalog.Logs);
    }
}
