using Mortise.Files;

namespace Mortise.Components;

/// <summary>Copies what a component has made durable into another directory, while it may be in use.</summary>
/// <remarks>
/// <para>Role: backup. A capability of a component's <see cref="IExaminer"/>: the same object implements both, or does
/// not offer it. The copy opens as the component, at one state that was durable: at least the one at the call.</para>
/// <para>It opens the source's files for reading only and takes no lock. Files that an earlier copy of the same
/// instance has left in the target are used again where they hold the same; so a second copy costs what changed.
/// Everything is synced, names included, before the copy becomes the new state, in one step.</para>
/// </remarks>
public interface IDurableCopier
{
    /// <summary>Copies one instance.</summary>
    /// <param name="files">The instance's directory.</param>
    /// <param name="storeId">The store it belongs to.</param>
    /// <param name="target">Where the copy goes: empty, or with an earlier copy that nobody has opened for
    /// writing.</param>
    /// <param name="report">Called once per damaged place of what was copied anew: the copy is as damaged as the
    /// source.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>; an earlier copy is still
    /// there.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> or another typed error when the source
    /// is too damaged to be opened; <see cref="StorageErrorCode.ForeignFile"/> when the target holds another store's
    /// copy; the device's own errors.</exception>
    CopySummary Copy(
        IStorageDirectory files,
        Guid storeId,
        IStorageDirectory target,
        Action<Finding> report,
        CancellationToken cancellation);
}
