namespace Mortise.Conformance;

/// <summary>What a subject must offer for a law to apply.</summary>
[Flags]
public enum LawNeeds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>State that survives a restart.</summary>
    Persistence = 1,

    /// <summary>An <see cref="Components.IExaminer"/>.</summary>
    Examiner = 2,

    /// <summary>A slow and obviously right implementation to compare with.</summary>
    Reference = 4,

    /// <summary>The assignments of an earlier process or version.</summary>
    GoldenVectors = 8,

    /// <summary>An <see cref="Indexing.IPackableIndex"/>.</summary>
    Packing = 16,

    /// <summary>A <see cref="Records.IReclaimable"/>.</summary>
    Reclaiming = 32,

    /// <summary>Stores that each format version left: <see cref="GoldenStore"/>.</summary>
    GoldenStores = 64,

    /// <summary>An examiner that is an <see cref="Logging.ILogDumper"/>.</summary>
    Dumper = 128,

    /// <summary>Files on the kit's simulated disk, which can fail, be damaged and be watched. A component that opens
    /// files itself has none.</summary>
    SimulatedFiles = 256,

    /// <summary>A way to load it once more, into a context that can be unloaded.</summary>
    OwnContext = 512,

    /// <summary>An <see cref="Records.IRecordStaging"/>, and an examiner that is an
    /// <see cref="Records.IStagedRecords"/>.</summary>
    Staging = 1024,

    /// <summary>An <see cref="Records.IRecordSalvage"/>.</summary>
    Salvage = 2048,

    /// <summary>An examiner that is an <see cref="Components.IQuarantine"/>.</summary>
    Quarantine = 4096,

    /// <summary>An examiner that is an <see cref="Components.IDurableCopier"/>.</summary>
    Copying = 8192,
}
