namespace Mortise.Records;

/// <summary>Takes back the buffer behind a <see cref="RecordLease"/>.</summary>
public interface IRecordLeaseOwner
{
    /// <summary>The lease with this token ended. Any thread.</summary>
    void Release(long token);
}
