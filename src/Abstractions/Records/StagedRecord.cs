namespace Mortise.Records;

/// <summary>A record whose body is written before its commit.</summary>
/// <param name="Lsn">The commit that puts it.</param>
/// <param name="Location">Where it goes.</param>
/// <param name="Offset">Start of the body in the caller's arena; of no meaning when it is read.</param>
/// <param name="Length">Bytes of the body, 1 and up.</param>
public readonly record struct StagedRecord(Lsn Lsn, RecordLocation Location, int Offset, int Length);
