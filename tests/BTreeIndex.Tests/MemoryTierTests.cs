using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>A batch merges what is small on the spot, and leaves the rest to the background.</summary>
public sealed class MemoryTierTests
{
    private const int EntriesPerBatch = 100;
    private static readonly IndexTraits s_traits = new() { MaxKeyBytes = 1000, MaxValueBytes = 1000, IsPersistent = true };

    [Fact]
    public void What_a_batch_leaves_to_the_background_is_merged_there_and_nothing_is_lost()
    {
        var state = new IndexState(new IndexVersion(Lsn.None, [], [], []));
        int merges = 0;
        int most = 0;
        for (uint batch = 0; batch < 400; batch++)
        {
            state.Add(new Lsn(batch + 1), Run(batch));
            if (batch % 16 == 0)
            {
                while (MemoryTier.ChooseForBackground(state.Current.Active).ToArray() is { Length: > 0 } inputs)
                {
                    state.ReplaceActive(inputs, MemoryRunBuilder.Merge(inputs, inputs[0].Level + 1));
                    merges++;
                }
            }

            most = Math.Max(most, state.Current.Active.Length);
        }

        Assert.True(merges > 0);
        Assert.InRange(most, 1, 30);
        Assert.Equal(400 * EntriesPerBatch, state.Current.Active.Sum(static run => run.Count));
        MemoryRun all = MemoryRunBuilder.Merge(state.Current.Active, 0);
        Assert.Equal(400 * EntriesPerBatch, all.Count);
    }

    [Fact]
    public void A_merge_whose_inputs_are_gone_changes_nothing()
    {
        var state = new IndexState(new IndexVersion(Lsn.None, [], [], []));
        MemoryRun[] others = [Run(8), Run(9)];
        state.Add(new Lsn(1), Run(1));
        MemoryRun[] active = state.Current.Active;
        state.ReplaceActive(others, MemoryRunBuilder.Merge(others, 1));
        Assert.Equal(active, state.Current.Active);
        state.ReplaceActive([active[0], others[0]], others[1]);
        Assert.Equal(active, state.Current.Active);
        state.ReplaceActive(active, others[0]);
        Assert.Equal([others[0]], state.Current.Active);
    }

    private static MemoryRun Run(uint batch)
    {
        byte[] arena = new byte[EntriesPerBatch * 40];
        var mutations = new IndexMutation[EntriesPerBatch];
        for (uint i = 0; i < EntriesPerBatch; i++)
        {
            int at = (int)i * 40;
            BinaryPrimitives.WriteUInt32BigEndian(arena.AsSpan(at), i);
            BinaryPrimitives.WriteUInt32BigEndian(arena.AsSpan(at + 4), batch);
            mutations[i] = new IndexMutation(IndexOperation.Set, at, 32, at + 32, 8);
        }

        return MemoryRunBuilder.FromBatch(new IndexBatch(new Lsn(1), arena, mutations), s_traits);
    }
}
