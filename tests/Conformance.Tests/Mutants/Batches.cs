using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Applies batches that were tampered with.</summary>
internal static class Batches
{
    /// <summary>Applies only some changes of a batch.</summary>
    public static void ApplyWhere(
        this IIndexFamily to, in IndexBatch batch, Lsn lsn, Func<IndexMutation, bool> wanted)
    {
        List<IndexMutation> kept = [];
        foreach (IndexMutation mutation in batch.Mutations)
        {
            if (wanted(mutation))
            {
                kept.Add(mutation);
            }
        }

        to.Apply(new IndexBatch(lsn, batch.Arena, kept.ToArray()));
    }

    /// <summary>Applies a batch with changed bodies.</summary>
    public static void ApplyWith(
        this IRecordStore to, in RecordBatch batch, Lsn lsn, Func<RecordMutation, bool> wanted, Func<byte[], byte[]> body)
    {
        List<RecordMutation> kept = [];
        List<byte> arena = [];
        foreach (RecordMutation mutation in batch.Mutations)
        {
            if (!wanted(mutation))
            {
                continue;
            }

            byte[] bytes = mutation.Operation == RecordOperation.Put ? body(batch.Body(mutation).ToArray()) : [];
            kept.Add(mutation with { Offset = arena.Count, Length = bytes.Length });
            arena.AddRange(bytes);
        }

        to.Apply(new RecordBatch(lsn, arena.ToArray(), kept.ToArray()));
    }
}
