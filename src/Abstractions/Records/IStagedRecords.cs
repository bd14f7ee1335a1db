using Mortise.Files;

namespace Mortise.Records;

/// <summary>Reads from the files of a record store what was staged before its commits were logged.</summary>
/// <remarks>
/// <para>Role: recovery, backup, and tools that show the log. A capability of the component's
/// <see cref="Components.IExaminer"/>: offered by every store with <see cref="IRecordStaging"/>.</para>
/// <para>It opens files for reading only and takes no lock: the store may be open, closed or damaged.</para>
/// </remarks>
public interface IStagedRecords
{
    /// <summary>Makes a reader.</summary>
    /// <param name="files">The instance's directory.</param>
    /// <param name="storeId">The store it belongs to.</param>
    IStagedReader OpenStaged(IStorageDirectory files, Guid storeId);
}

/// <summary>Reads staged records; cheapest in the order of locations. Threads: one at a time.</summary>
public interface IStagedReader : IDisposable
{
    /// <summary>Reads a body, if it is the one that was staged.</summary>
    /// <param name="record">As it was staged.</param>
    /// <param name="check">As <see cref="IRecordStaging.TryStage"/> gave it.</param>
    /// <param name="body">Receives the body: room for exactly its length.</param>
    /// <returns>False when the place does not hold exactly that record of that commit, whole.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Io"/> from the device.</exception>
    bool TryRead(in StagedRecord record, ulong check, Span<byte> body);
}
