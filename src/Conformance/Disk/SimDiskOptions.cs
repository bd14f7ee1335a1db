namespace Mortise.Conformance;

/// <summary>What a simulated disk is like.</summary>
public sealed class SimDiskOptions
{
    /// <summary>True when files can be mapped; components must work either way.</summary>
    public bool CanMap { get; init; }

    /// <summary>Bytes of file content that fit, in units of 4 KiB pages; null for no limit.</summary>
    public long? CapacityBytes { get; init; }

    /// <summary>True when <see cref="SimDisk.Log"/> is kept.</summary>
    public bool KeepLog { get; init; } = true;
}
