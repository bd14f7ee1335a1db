using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Engine.Tests.Families;

public sealed class MutationBufferTests
{
    [Fact]
    public void A_batch_is_sorted_and_holds_the_last_change_of_each_key()
    {
        int seed = Seed.Get(2);
        var random = new Random(seed);
        var buffer = new MutationBuffer();
        for (int round = 0; round < 300; round++)
        {
            var expected = new SortedDictionary<string, string?>(StringComparer.Ordinal);
            int count = random.Next(1, 60);
            for (int i = 0; i < count; i++)
            {
                // Short keys over few letters: many repeats, many prefixes of one another.
                byte[] key = new byte[random.Next(1, 12)];
                for (int k = 0; k < key.Length; k++)
                {
                    key[k] = (byte)(random.Next(3) * 127);
                }

                int split = random.Next(key.Length + 1);
                bool isSet = random.Next(3) > 0;
                byte[] value = isSet ? [(byte)i] : [];
                buffer.Add(
                    isSet ? IndexOperation.Set : IndexOperation.Remove, key.AsSpan(0, split), key.AsSpan(split), value, default);
                expected[Convert.ToHexString(key)] = isSet ? Convert.ToHexString(value) : null;
            }

            var index = new CapturingIndex();
            buffer.ApplyTo(index, new Lsn(1));
            Assert.True(expected.SequenceEqual(index.Captured), $"seed {seed}, round {round}");
            Assert.Equal(0, buffer.Count);
        }
    }

    private sealed class CapturingIndex : IIndexFamily
    {
        public List<KeyValuePair<string, string?>> Captured { get; } = [];

        public IndexTraits Traits => throw new NotSupportedException();

        public Lsn AppliedLsn => Lsn.None;

        public Lsn DurableLsn => Lsn.None;

        public IndexStatistics Statistics => default;

        public ComponentIdentity Identity => throw new NotSupportedException();

        public void Apply(in IndexBatch batch)
        {
            foreach (ref readonly IndexMutation mutation in batch.Mutations)
            {
                Captured.Add(new(
                    Convert.ToHexString(batch.Key(in mutation)),
                    mutation.Operation == IndexOperation.Set ? Convert.ToHexString(batch.Value(in mutation)) : null));
            }
        }

        public IIndexSnapshot OpenSnapshot() => throw new NotSupportedException();

        public ValueTask CheckpointAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public ValueTask ResetAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
