namespace Mortise.Records;

/// <summary>Receives records of a scan or a batched read. Implemented by a struct, so that the call is
/// inlined.</summary>
public interface IRecordSink
{
    /// <summary>Takes one record.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="record">Its bytes, checked; die when the call returns.</param>
    /// <param name="info">What else is known of it.</param>
    /// <returns>False to stop.</returns>
    bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info);
}
