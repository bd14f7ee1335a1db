namespace Mortise.Conformance;

/// <summary>The contract that a law belongs to.</summary>
public enum LawContract
{
    /// <summary><see cref="Logging.IWriteAheadLog"/>.</summary>
    Log = 1,

    /// <summary><see cref="Records.IRecordStore"/>.</summary>
    RecordStore = 2,

    /// <summary><see cref="Indexing.IIndexFamily"/>.</summary>
    IndexFamily = 3,

    /// <summary><see cref="Caching.ICachePolicy"/>.</summary>
    CachePolicy = 4,

    /// <summary><see cref="Partitioning.IPartitionScheme"/>.</summary>
    PartitionScheme = 5,

    /// <summary><see cref="Indexing.ITermProjection"/>.</summary>
    TermProjection = 6,
}
