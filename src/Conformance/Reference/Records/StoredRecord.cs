namespace Mortise.Reference;

/// <summary>One record of the reference store; never changes.</summary>
internal sealed record StoredRecord(byte[] Body, Lsn Lsn, bool IsDeleted);
