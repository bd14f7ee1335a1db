namespace Mortise.Logging;

/// <summary>One record of a log, or a place where one should be, as a dump found it.</summary>
/// <param name="Lsn">Its LSN; for a place without a readable record the LSN that belongs there, or
/// <see cref="Lsn.None"/> when that is unknown.</param>
/// <param name="State">Whether it can be trusted.</param>
/// <param name="File">The file, relative to the log's directory.</param>
/// <param name="Offset">Byte offset in the file.</param>
/// <param name="PayloadBytes">Bytes of payload; 0 when it is not whole.</param>
/// <param name="Time">When it was appended, by the store's clock; the Unix epoch when unknown.</param>
/// <param name="DurableLsn">Everything up to here was durable before the record was appended; <see cref="Lsn.None"/>
/// when it does not say.</param>
/// <param name="Note">A lower-case fact about what is wrong; empty for a whole record.</param>
public readonly record struct LogDumpRecord(
    Lsn Lsn,
    LogDumpState State,
    string File,
    long Offset,
    int PayloadBytes,
    DateTimeOffset Time,
    Lsn DurableLsn,
    string Note);
