using Mortise.Components;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Checks stored events one by one: that each is an event, and has the id that it must have.</summary>
public static class EventExamination
{
    /// <summary>A <see cref="Engine.RecordCheck"/> of events.</summary>
    /// <param name="location">Where the record is.</param>
    /// <param name="record">Its bytes.</param>
    /// <returns>What is wrong, or null.</returns>
    public static Finding? Check(RecordLocation location, ReadOnlySpan<byte> record)
    {
        if (!EventView.TryOpen(record, out EventView view, out string? fact))
        {
            return new Finding("event-record", "", -1, $"the record at {location} is not an event: {fact}");
        }

        return EventId.IsRight(view)
            ? null
            : new Finding(
                "event-id", "", -1,
                $"the event {Convert.ToHexStringLower(view.Id)} at {location} recomputes to another id");
    }
}
