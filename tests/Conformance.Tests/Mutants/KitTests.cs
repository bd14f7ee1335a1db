using Mortise.Indexing;
using Mortise.Logging;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>K6, K7: a failure is the same again, and it is told with few operations however many led to it.</summary>
public class KitTests
{
    private const int Operations = 2000;
    private const int MostLeft = 14;

    /// <summary>One mutant of each kind of check: scripts, power cuts, faults, flipped bits, cursors.</summary>
    [Theory]
    [InlineData(LawContract.Log, "WL14")]
    [InlineData(LawContract.Log, "WL3")]
    [InlineData(LawContract.Log, "WL26")]
    [InlineData(LawContract.RecordStore, "RS9")]
    [InlineData(LawContract.RecordStore, "RS20")]
    [InlineData(LawContract.IndexFamily, "IX3")]
    [InlineData(LawContract.IndexFamily, "IX19")]
    [InlineData(LawContract.CachePolicy, "CP10")]
    [InlineData(LawContract.PartitionScheme, "PS7")]
    public void The_same_seed_gives_the_same_finding_operations_and_transcript(LawContract contract, string law)
    {
        Mutant mutant = KillTests.Mutants.First(each => (each.Contract, each.Law) == (contract, law));
        LawResult first = mutant.Check(new LawSettings { Seed = 4 });
        LawResult second = mutant.Check(new LawSettings { Seed = 4 });
        Assert.Equal(LawVerdict.Failed, first.Verdict);
        Assert.Equal(first.Finding, second.Finding);
        Assert.Equal(first.Script, second.Script);
        Assert.Equal(first.Transcript, second.Transcript);
    }

    [Theory]
    [InlineData("skips an LSN")]
    [InlineData("a replay leaves out the first record")]
    [InlineData("takes some records for padding")]
    [InlineData("truncates one record too many")]
    public void A_long_script_of_a_log_is_told_in_few_operations(string broken)
    {
        var subject = (ComponentSubject<IWriteAheadLog>)Find(LawContract.Log, broken).Subject;
        RequireShort(Shrunk(LogLaws.Suite.Laws[0], random => LogOp.Mixed(random, Operations, 300), (seed, ops) =>
        {
            using SimWorld world = new(seed);
            LogJournal journal = new();
            new LogScript(subject, ops).Run(world, journal);
            using Session<IWriteAheadLog> session = new(subject, world);
            LogScript.Check(session.Component, journal);
        }));
    }

    [Theory]
    [InlineData("keys are compared as signed bytes")]
    [InlineData("forgets removals")]
    [InlineData("takes an empty value for a removal")]
    public void A_long_script_of_an_index_is_told_in_few_operations(string broken)
    {
        var subject = (ComponentSubject<IIndexFamily>)Find(LawContract.IndexFamily, broken).Subject;
        RequireShort(Shrunk(IndexLaws.Suite.Laws[0], random => IndexOp.Mixed(random, Operations, 8), (seed, ops) =>
        {
            using SimWorld world = new(seed);
            IndexJournal journal = new();
            new IndexScript(subject, ops).Run(world, journal);
            using Session<IIndexFamily> session = new(subject, world);
            IndexScript.CheckAndReplay(session, journal);
        }));
    }

    private static Mutant Find(LawContract contract, string broken) =>
        KillTests.Mutants.Single(each => (each.Contract, each.Broken) == (contract, broken));

    private static LawBrokenException Shrunk<TOp>(
        Law law, Func<Random, List<TOp>> generate, Action<ulong, IReadOnlyList<TOp>> run) =>
        Assert.Throws<LawBrokenException>(
            () => new LawRun(law, new LawSettings { Seed = 1 }).Explore(3, generate, run));

    private static void RequireShort(LawBrokenException told)
    {
        Assert.Contains($"of {Operations} operations", told.Message, StringComparison.Ordinal);
        Assert.InRange(told.Script.Count, 1, MostLeft);
    }
}
