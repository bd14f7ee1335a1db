using Mortise.Conformance.Tests.Mutants;
using Mortise.Records;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

public class SimpleRecordStoreTests
{
    private static readonly ComponentSubject<IRecordStore> s_subject = new()
    {
        Name = "simple-records",
        Open = (context, cancellation) => SimpleRecordStore.OpenAsync(context, new SimpleRecordStoreOptions(), cancellation),
        Examiner = SimpleRecordStore.Examiner,
    };

    public static IEnumerable<object[]> Laws() => RecordLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_reference_record_store_obeys(string law) => RecordLaws.Suite.Check(law, s_subject).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(Laws))]
    public void So_does_the_one_that_stages(string law) => RecordLaws.Suite.Check(law, StagingMutants.Sound).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(Laws))]
    public void So_does_the_one_with_a_file_for_each_record(string law) =>
        RecordLaws.Suite.Check(law, MendingMutants.Sound).ThrowIfBroken();
}
