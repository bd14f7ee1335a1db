using Mortise.Components;
using Mortise.Files;

namespace Mortise.Reference;

/// <summary>Checks the one file of a reference component by reading it.</summary>
/// <param name="name">The file.</param>
/// <param name="read">Reads and decodes it: how many items it holds, or null when there is none.</param>
internal sealed class SnapshotExaminer(string name, Func<IStorageDirectory, Guid, long?> read) : IExaminer
{
    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        long? items = 0;
        try
        {
            items = read(files, storeId);
        }
        catch (StorageException damaged) when (damaged.Code != StorageErrorCode.Io)
        {
            report(new Finding("snapshot", name, damaged.Offset, damaged.Message));
        }

        return new ExaminationSummary { Files = items is null ? 0 : 1, Bytes = 0, Items = items ?? 0 };
    }
}
