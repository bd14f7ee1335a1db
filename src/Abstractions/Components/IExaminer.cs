using Mortise.Files;

namespace Mortise.Components;

/// <summary>Checks the files of a component that may be closed, damaged or in use.</summary>
/// <remarks>
/// <para>Role: what <c>mortise doctor</c> calls. It opens files for reading only, takes no lock, and treats every byte
/// as hostile: damage is a finding, never an exception, except <see cref="StorageErrorCode.Io"/> from the
/// device.</para>
/// </remarks>
public interface IExaminer
{
    /// <summary>Examines all files of one instance.</summary>
    /// <param name="files">The instance's directory.</param>
    /// <param name="storeId">The store it should belong to.</param>
    /// <param name="report">Called once per finding, in file and offset order.</param>
    /// <param name="cancellation">Stops the examination with <see cref="OperationCanceledException"/>.</param>
    /// <returns>What was looked at.</returns>
    ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation);

    /// <summary>The store that the files say they belong to; for when the store's manifest is lost.</summary>
    /// <param name="files">The instance's directory.</param>
    /// <returns>Null when no file says so and proves it by a checksum, or the component cannot tell.</returns>
    Guid? FindStoreId(IStorageDirectory files) => null;
}
