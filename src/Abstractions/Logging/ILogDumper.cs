using Mortise.Files;

namespace Mortise.Logging;

/// <summary>Takes what a dump finds, in file and offset order.</summary>
/// <param name="record">Where it is and what is known of it.</param>
/// <param name="payload">Its payload; empty when the record is not whole. Dies when the call returns.</param>
/// <returns>False to stop.</returns>
public delegate bool LogDumpVisitor(in LogDumpRecord record, ReadOnlySpan<byte> payload);

/// <summary>Shows the records of a log that may be closed, damaged or in use.</summary>
/// <remarks>
/// <para>Role: what <c>mortise wal dump</c> calls. A capability of a log's <see cref="Components.IExaminer"/>: the same
/// object implements both, or does not offer it.</para>
/// <para>It opens files for reading only, takes no lock, and treats every byte as hostile: damage is shown, never
/// thrown; only the device's own errors are.</para>
/// </remarks>
public interface ILogDumper
{
    /// <summary>Visits the records of a range, and every place where one should be and is not.</summary>
    /// <param name="files">The log's directory.</param>
    /// <param name="from">The first record wanted.</param>
    /// <param name="to">The last record wanted.</param>
    /// <param name="visit">Called once per record or place.</param>
    /// <param name="cancellation">Stops the dump with <see cref="OperationCanceledException"/>.</param>
    void Dump(IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation);
}
