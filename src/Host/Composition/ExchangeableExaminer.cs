using Mortise.Components;
using Mortise.Files;

namespace Mortise.Host.Composition;

/// <summary>The examiner of a role whose plugin can be exchanged: asks whoever plays the role now.</summary>
internal sealed class ExchangeableExaminer(ResolvedComponent role) : IExaminer
{
    private IExaminer Now => role.Component.Examiner ?? throw new StorageException(
        StorageErrorCode.Unsupported,
        $"{role.Component.Plugin} cannot examine files; the version that it took the place of could",
        role.Place);

    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation) =>
        Now.Examine(files, storeId, report, cancellation);

    /// <inheritdoc/>
    public Guid? FindStoreId(IStorageDirectory files) => Now.FindStoreId(files);
}
