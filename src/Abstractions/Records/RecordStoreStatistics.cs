namespace Mortise.Records;

/// <summary>Counts and sizes of a record store.</summary>
/// <param name="LiveRecords">Records that are not deleted.</param>
/// <param name="LiveBytes">Their bodies' bytes.</param>
/// <param name="DeadRecords">Deleted records whose space is not yet reclaimed.</param>
/// <param name="DeadBytes">Their bodies' bytes.</param>
/// <param name="DiskBytes">Bytes of all files of the store.</param>
/// <param name="Segments">Files that hold records.</param>
public readonly record struct RecordStoreStatistics(
    long LiveRecords, long LiveBytes, long DeadRecords, long DeadBytes, long DiskBytes, int Segments);
