using Mortise.Files;
using Mortise.Records;

namespace Mortise.Components;

/// <summary>Sets aside what is damaged in a component's files, so that the rest opens again.</summary>
/// <remarks>
/// <para>Role: what <c>mortise doctor --quarantine</c> calls for parts that nothing can rebuild. A capability of a
/// component's <see cref="IExaminer"/>: the same object implements both, or does not offer it.</para>
/// <para>Nothing is destroyed: a file that is replaced is renamed first and stays beside the new one. What is readable
/// keeps its place; what is lost is <see cref="StorageErrorCode.NotFound"/> from then on. Cut short at any point,
/// another call completes it.</para>
/// </remarks>
public interface IQuarantine
{
    /// <summary>Mends one instance that nobody has open.</summary>
    /// <param name="files">The instance's directory.</param>
    /// <param name="storeId">The store it belongs to.</param>
    /// <param name="durable">The last commit that the store knows this instance to have made durable. Where the
    /// instance's own record of that is lost, it is mended to be the state at this commit.</param>
    /// <param name="report">Called once per thing that is lost or was set aside.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Locked"/> when the instance is open;
    /// <see cref="StorageErrorCode.ForeignFile"/> for another store's files;
    /// <see cref="StorageErrorCode.FormatTooNew"/> for files that say they are of a newer format, by damage or not,
    /// which are left as they are; the device's own errors.</exception>
    QuarantineSummary Quarantine(
        IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report, CancellationToken cancellation);

    /// <summary>The same for a store that knows more.</summary>
    /// <inheritdoc cref="Quarantine(IStorageDirectory, Guid, Lsn, Action{Finding}, CancellationToken)"/>
    /// <param name="files">The instance's directory.</param>
    /// <param name="storeId">The store it belongs to.</param>
    /// <param name="durable">As above.</param>
    /// <param name="next">Where the first record goes that a commit behind <paramref name="durable"/> puts, as the log
    /// says: there the instance has to end, whatever is damaged before it, or the log does not fit on. Null when
    /// nothing says so.</param>
    /// <param name="report">As above.</param>
    /// <param name="cancellation">As above.</param>
    QuarantineSummary Quarantine(
        IStorageDirectory files,
        Guid storeId,
        Lsn durable,
        RecordLocation? next,
        Action<Finding> report,
        CancellationToken cancellation) => Quarantine(files, storeId, durable, report, cancellation);
}
