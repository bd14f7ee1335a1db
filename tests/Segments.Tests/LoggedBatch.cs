using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>One commit as the log keeps it.</summary>
/// <param name="Lsn">Its LSN.</param>
/// <param name="Arena">The bodies.</param>
/// <param name="Mutations">Puts with their planned locations, and deletes.</param>
internal sealed record LoggedBatch(Lsn Lsn, byte[] Arena, RecordMutation[] Mutations)
{
    public void ApplyTo(IRecordStore store) => store.Apply(new RecordBatch(Lsn, Arena, Mutations));
}
