using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Refuses a write that changes more of an index family than is applied at once, before it is logged: what fails
/// afterwards fails at every opening.</summary>
/// <remarks>A record may have as many keys as it has bytes, nearly, and each may carry the whole record: so how large the
/// records are says little. The keys of large writes are counted, and of no others. Threads: the store's writer.</remarks>
/// <param name="parts">The families.</param>
internal sealed class IndexLimit(OpenedParts parts) : IKeySink
{
    private readonly long _most = parts.Composition.Options.MaxIndexBytes;
    private long _bytes;
    private int _valueBytes;

    /// <summary>Reads the stored records that a write deletes: the keys to remove come from them. One that cannot be read
    /// must fail the write before it is logged, not after.</summary>
    /// <returns>Their bytes.</returns>
    public long ReadDeleted(ReadOnlySpan<CommitBuilder.PlannedOperation> operations)
    {
        long bytes = 0;
        foreach (ref readonly CommitBuilder.PlannedOperation operation in operations)
        {
            if (operation.Kind == CommitBuilder.PlannedKind.DeleteStored)
            {
                using RecordLease lease = parts.Records.Read(operation.Location);
                bytes += lease.Bytes.Length;
            }
        }

        return bytes;
    }

    /// <summary>Looks at a write.</summary>
    /// <param name="builder">Has its records.</param>
    /// <param name="operations">What it does.</param>
    /// <param name="deletedBytes">Of the stored records that it deletes.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LimitExceeded"/>.</exception>
    public void Require(
        CommitBuilder builder, ReadOnlySpan<CommitBuilder.PlannedOperation> operations, long deletedBytes)
    {
        long records = deletedBytes;
        foreach (ref readonly CommitBuilder.PlannedOperation operation in operations)
        {
            records += operation.Record < 0 ? 0 : builder.Records[operation.Record].Length;
        }

        foreach (FamilyState family in parts.Families)
        {
            long longest = family.Projection.MaxKeyBytes + FamilyView.LocationBytes + family.Part.InlineBelowBytes;
            if (records > _most / longest)
            {
                Require(family, builder, operations);
            }
        }
    }

    /// <inheritdoc/>
    public void Emit(long ordinal, ReadOnlySpan<byte> key) => _bytes += key.Length + _valueBytes;

    private void Require(
        FamilyState family, CommitBuilder builder, ReadOnlySpan<CommitBuilder.PlannedOperation> operations)
    {
        _bytes = 0;
        foreach (ref readonly CommitBuilder.PlannedOperation operation in operations)
        {
            if (operation.Record >= 0)
            {
                Count(family, operation.Kind, builder.Bytes(new PendingRecord(operation.Record)));
            }
            else if (operation.Kind == CommitBuilder.PlannedKind.DeleteStored)
            {
                using RecordLease lease = parts.Records.Read(operation.Location);
                Count(family, operation.Kind, lease.Bytes);
            }

            if (_bytes > _most)
            {
                throw new StorageException(
                    StorageErrorCode.LimitExceeded,
                    $"one commit changes more than {_most} bytes of the index family {family.Part.Name}",
                    advice: "write in smaller batches");
            }
        }
    }

    private void Count(FamilyState family, CommitBuilder.PlannedKind kind, ReadOnlySpan<byte> record)
    {
        bool isInline = kind == CommitBuilder.PlannedKind.Put && record.Length <= family.Part.InlineBelowBytes;
        _valueBytes = FamilyView.LocationBytes + (isInline ? record.Length : 0);
        family.Projection.Project(record, this);
    }
}
