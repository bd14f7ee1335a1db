namespace Mortise.Records;

/// <summary>What a store knows of a record besides its bytes.</summary>
/// <param name="Lsn">The commit that put it.</param>
/// <param name="IsDeleted">True when it was deleted and not yet reclaimed.</param>
public readonly record struct RecordInfo(Lsn Lsn, bool IsDeleted);
