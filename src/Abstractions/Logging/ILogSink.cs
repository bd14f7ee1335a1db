namespace Mortise.Logging;

/// <summary>Receives the records of a replay. Implemented by a struct, so that the call is inlined per
/// record.</summary>
public interface ILogSink
{
    /// <summary>Takes one record.</summary>
    /// <param name="lsn">Its LSN; one more than the previous call's.</param>
    /// <param name="payload">Its payload; dies when the call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(Lsn lsn, ReadOnlySpan<byte> payload);
}
