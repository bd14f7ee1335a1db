namespace Mortise.Components;

/// <summary>What a quarantine did.</summary>
/// <param name="FilesSetAside">Files that were renamed and replaced; 0 when nothing was damaged.</param>
/// <param name="BytesLost">Bytes that held records and cannot be read.</param>
/// <param name="RecordsLost">How many records they were; -1 when nobody can tell.</param>
public readonly record struct QuarantineSummary(int FilesSetAside, long BytesLost, long RecordsLost);
