namespace Mortise.Files;

/// <summary>What the device and file system below a directory offer, as values to plan with.</summary>
public sealed class StorageDeviceTraits
{
    /// <summary>The largest write that a power cut leaves wholly done or wholly undone, in bytes; usually 512 or
    /// 4096.</summary>
    public required int AtomicWriteBytes { get; init; }

    /// <summary>True when <see cref="IStorageFile.TryMap"/> can succeed.</summary>
    public required bool CanMap { get; init; }

    /// <summary>True when <see cref="IStorageFile.PunchHole"/> gives space back.</summary>
    public required bool CanPunchHoles { get; init; }
}
