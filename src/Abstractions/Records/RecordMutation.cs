namespace Mortise.Records;

/// <summary>One change of the record store.</summary>
/// <param name="Operation">Put or delete.</param>
/// <param name="Location">Where the record is or goes.</param>
/// <param name="Offset">Start of the body in the batch's arena; 0 for a delete.</param>
/// <param name="Length">Length of the body in bytes; 0 for a delete.</param>
public readonly record struct RecordMutation(
    RecordOperation Operation, RecordLocation Location, int Offset, int Length);
