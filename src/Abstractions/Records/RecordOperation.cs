namespace Mortise.Records;

/// <summary>What a <see cref="RecordMutation"/> does. The numbers are stored in logs.</summary>
public enum RecordOperation : byte
{
    /// <summary>Stores a body at a planned location.</summary>
    Put = 1,

    /// <summary>Marks the record at a location as deleted.</summary>
    Delete = 2,
}
