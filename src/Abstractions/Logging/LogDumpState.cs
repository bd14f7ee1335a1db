namespace Mortise.Logging;

/// <summary>How much a dumped record can be trusted.</summary>
public enum LogDumpState
{
    /// <summary>Its checksum is right and it is part of the log.</summary>
    Whole = 1,

    /// <summary>What a crash left behind the last whole record. Not damage: opening cuts it.</summary>
    Torn = 2,

    /// <summary>A record that was durable is not there as it was written.</summary>
    Damaged = 3,

    /// <summary>Its checksum is right, but it stands behind a damaged record.</summary>
    BehindDamage = 4,
}
