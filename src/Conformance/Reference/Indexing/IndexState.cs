using System.Collections.Immutable;
using Mortise.Indexing;

namespace Mortise.Reference;

/// <summary>A whole index at one LSN; never changes.</summary>
internal sealed record IndexState(Lsn Lsn, ImmutableSortedSet<IndexEntry> Entries)
{
    public static IndexTraits Limits(bool isPersistent, MemoryIndexOptions options) => new()
    {
        MaxKeyBytes = 2048,
        MaxValueBytes = checked((int)options.MaxValue.Bytes),
        IsPersistent = isPersistent,
    };

    public static IndexState Empty { get; } =
        new(Lsn.None, ImmutableSortedSet.Create<IndexEntry>(IndexEntryOrder.Instance));

    /// <summary>The state after a batch that has been checked.</summary>
    public IndexState After(in IndexBatch batch)
    {
        ImmutableSortedSet<IndexEntry>.Builder entries = Entries.ToBuilder();
        foreach (ref readonly IndexMutation mutation in batch.Mutations)
        {
            IndexEntry entry = new(batch.Key(mutation).ToArray(), batch.Value(mutation).ToArray());
            entries.Remove(entry);
            if (mutation.Operation == IndexOperation.Set)
            {
                entries.Add(entry);
            }
        }

        return new IndexState(batch.Lsn == Lsn.None ? Lsn : batch.Lsn, entries.ToImmutable());
    }

    /// <summary>Throws before anything has changed.</summary>
    public void Check(in IndexBatch batch, IndexTraits traits)
    {
        if (batch.Lsn != Lsn.None && batch.Lsn <= Lsn)
        {
            throw new ArgumentException($"LSN {batch.Lsn} is not greater than the applied {Lsn}", nameof(batch));
        }

        ReadOnlySpan<byte> previous = default;
        foreach (ref readonly IndexMutation mutation in batch.Mutations)
        {
            if (mutation.Operation is not (IndexOperation.Set or IndexOperation.Remove))
            {
                throw new ArgumentException($"{mutation.Operation} is not an operation", nameof(batch));
            }

            ReadOnlySpan<byte> key = batch.Key(mutation);
            int valueLength = batch.Value(mutation).Length;
            if (key.IsEmpty || key.Length > traits.MaxKeyBytes || valueLength > traits.MaxValueBytes)
            {
                throw new ArgumentException(
                    $"a key of {key.Length} or a value of {valueLength} bytes is outside the limits", nameof(batch));
            }

            if (key.SequenceCompareTo(previous) <= 0)
            {
                throw new ArgumentException("keys are not strictly ascending", nameof(batch));
            }

            previous = key;
        }
    }

    /// <summary>The number of entries before a key.</summary>
    public int CountBefore(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = Entries.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Entries[middle].Key.AsSpan().SequenceCompareTo(key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The entries of a range, as first and one past the last position.</summary>
    public (int First, int End) Positions(KeyRange range)
    {
        int first = CountBefore(range.Start);
        int end = range.End.IsEmpty ? Entries.Count : CountBefore(range.End);
        return (first, Math.Max(first, end));
    }
}
