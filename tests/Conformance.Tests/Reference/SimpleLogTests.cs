using Mortise.Logging;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

public class SimpleLogTests
{
    private static readonly ComponentSubject<IWriteAheadLog> s_subject = new()
    {
        Name = "simple-log",
        Open = (context, cancellation) => SimpleLog.OpenAsync(context, new SimpleLogOptions(), cancellation),
        Examiner = SimpleLog.Examiner,
    };

    public static IEnumerable<object[]> Laws() => LogLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_reference_log_obeys(string law) => LogLaws.Suite.Check(law, s_subject).ThrowIfBroken();
}
