using Mortise.Indexing;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

public class ReferenceIndexTests
{
    private static readonly ComponentSubject<IIndexFamily> s_memory = new()
    {
        Name = "memory-index",
        Open = (context, cancellation) => MemoryIndex.OpenAsync(context, new MemoryIndexOptions(), cancellation),
    };

    private static readonly ComponentSubject<IIndexFamily> s_simple = new()
    {
        Name = "simple-index",
        Open = (context, cancellation) => SimpleIndex.OpenAsync(context, new MemoryIndexOptions(), cancellation),
        Examiner = SimpleIndex.Examiner,
    };

    public static IEnumerable<object[]> Laws() => IndexLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_index_in_memory_obeys(string law) => IndexLaws.Suite.Check(law, s_memory).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_persistent_reference_index_obeys(string law) => IndexLaws.Suite.Check(law, s_simple).ThrowIfBroken();
}
