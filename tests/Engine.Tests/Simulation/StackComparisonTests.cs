using Mortise.Host.Decorating;
using Mortise.Indexing;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Simulation;

/// <summary>One list of operations over several stacks: all answers must be equal.</summary>
public sealed class StackComparisonTests
{
    [Fact]
    public async Task Stacks_that_differ_in_structure_and_sync_mode_give_equal_answers()
    {
        var comparison = new StackComparison([
            Variant("tree", SyncMode.Always, SimStacks.BTree), Variant("memory", SyncMode.Never, SimStacks.MemoryIndex)]);
        int first = Seed.Get(1);
        for (int seed = first; seed < first + Seed.Rounds(5); seed++)
        {
            SimulationFailure? failure = await comparison.RunAsync((ulong)seed, steps: 40);
            Assert.True(failure is null, $"MORTISE_SEED={seed}: {failure}");
        }

        Assert.True(comparison.Answers > 100, $"{comparison.Answers} answers");
    }

    /// <summary>No oracle knows what a backward scan has to give; the other stack does.</summary>
    [Fact]
    public async Task A_structure_that_skips_a_key_backward_is_found_with_a_short_script()
    {
        var comparison = new StackComparison([
            Variant("tree", SyncMode.Never, SimStacks.BTree),
            Variant("mutant", SyncMode.Never, Broken(SimStacks.BTree, static cursor => new SkipsEighthBackward(cursor)))]);
        SimulationFailure failure = await FindAsync(comparison);
        Assert.Contains("answers differ: Ask", failure.Message, StringComparison.Ordinal);
        Assert.Contains("B: mutant", failure.Message, StringComparison.Ordinal);
        Assert.InRange(failure.Script.Count, 2, 12);
    }

    [Fact]
    public async Task What_a_stack_throws_is_told_with_its_name()
    {
        var comparison = new StackComparison([
            Variant("tree", SyncMode.Never, SimStacks.BTree),
            Variant("mutant", SyncMode.Never, Broken(
                SimStacks.BTree, static _ => throw new NotSupportedException("no cursors today")))]);
        SimulationFailure failure = await FindAsync(comparison);
        Assert.StartsWith("mutant", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no cursors today", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<SimulationFailure> FindAsync(StackComparison comparison)
    {
        for (ulong seed = 1; seed < 50; seed++)
        {
            if (await comparison.RunAsync(seed, steps: 30) is { } failure)
            {
                return failure;
            }
        }

        throw new Xunit.Sdk.XunitException("nothing was found in 49 scripts");
    }

    private static StackVariant Variant(string name, SyncMode mode, ComponentPart<IIndexFamily> structure) => new()
    {
        Name = name,
        Begin = () => new VariantStore(world => SimStacks.Compose(world, mode, structure)),
    };

    private static ComponentPart<IIndexFamily> Broken(
        ComponentPart<IIndexFamily> sound, Func<IIndexCursor, IIndexCursor> wrap) => new()
        {
            Identity = sound.Identity,
            Examiner = sound.Examiner,
            Open = async (context, cancellation) =>
                new BrokenCursors(await sound.Open(context, cancellation), wrap),
        };

    private sealed class BrokenCursors(IIndexFamily inner, Func<IIndexCursor, IIndexCursor> wrap) : IndexDecorator(inner)
    {
        public override IIndexSnapshot OpenSnapshot() => new BrokenSnapshot(Inner.OpenSnapshot(), wrap);
    }

    private sealed class BrokenSnapshot(IIndexSnapshot inner, Func<IIndexCursor, IIndexCursor> wrap)
        : SnapshotDecorator(inner)
    {
        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) =>
            direction == ScanDirection.Backward
                ? wrap(Inner.OpenCursor(range, direction))
                : Inner.OpenCursor(range, direction);
    }

    /// <summary>As if the first key of a block were forgotten when a scan comes from above.</summary>
    private sealed class SkipsEighthBackward(IIndexCursor inner) : CursorDecorator(inner)
    {
        private int _at;

        public override bool MoveNext() =>
            ++_at == 8 ? Inner.MoveNext() && Inner.MoveNext() : Inner.MoveNext();
    }
}
