using Mortise.Nostr;

namespace Mortise.Cli.Output;

/// <summary>Writes each event, or its id only, on a line of its own.</summary>
internal readonly struct EventLines(OutputWriter output, bool idsOnly) : IEventSink
{
    /// <inheritdoc/>
    public bool Accept(in EventView @event)
    {
        if (idsOnly)
        {
            output.WriteHex(@event.Id);
        }
        else
        {
            EventJson.Write(@event, output);
        }

        output.EndLine();
        return true;
    }
}

/// <summary>Writes events, or their ids, as the items of one JSON array.</summary>
internal struct EventArrayItems(OutputWriter output, bool idsOnly) : IEventSink
{
    private bool _isFirst = true;

    /// <inheritdoc/>
    public bool Accept(in EventView @event)
    {
        output.Write(_isFirst ? ""u8 : ","u8);
        _isFirst = false;
        if (idsOnly)
        {
            output.Write("\""u8);
            output.WriteHex(@event.Id);
            output.Write("\""u8);
        }
        else
        {
            EventJson.Write(@event, output);
        }

        return true;
    }
}
