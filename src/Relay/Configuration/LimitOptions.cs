using Mortise.Plugins;

namespace Mortise.Relay;

/// <summary>The section <c>relay.limits</c>: how much of anything one stranger may use.</summary>
public sealed class LimitOptions : IValidatedOptions
{
    /// <summary>The longest time that anything is waited for: timers end at seven weeks.</summary>
    internal static TimeSpan LongestWait { get; } = TimeSpan.FromDays(7);

    /// <summary>Bytes of one message, whole; enforced while it arrives. NIP-11 <c>max_message_length</c>.</summary>
    public ByteSize MaxMessageBytes { get; set; } = ByteSize.KiB(128);

    /// <summary>Bytes of one event as JSON.</summary>
    public ByteSize MaxEventBytes { get; set; } = ByteSize.KiB(128);

    /// <summary>Characters of an event's content. NIP-11 <c>max_content_length</c>.</summary>
    public int MaxContentLength { get; set; } = 65_536;

    /// <summary>Tags of an event. NIP-11 <c>max_event_tags</c>.</summary>
    public int MaxEventTags { get; set; } = 2_000;

    /// <summary>Bytes of one string of a tag.</summary>
    public ByteSize MaxTagValueBytes { get; set; } = ByteSize.KiB(16);

    /// <summary>Open subscriptions of a connection. NIP-11 <c>max_subscriptions</c>.</summary>
    public int MaxSubscriptions { get; set; } = 50;

    /// <summary>Characters of a subscription's id. NIP-01 fixes it at 64. NIP-11 <c>max_subid_length</c>.</summary>
    public int MaxSubscriptionIdLength { get; set; } = 64;

    /// <summary>Filters in one REQ or COUNT.</summary>
    public int MaxFilters { get; set; } = 20;

    /// <summary>Ids, authors, kinds and tag values in one REQ or COUNT, all together.</summary>
    public int MaxFilterValues { get; set; } = 5_000;

    /// <summary>Values in all open subscriptions of a connection.</summary>
    public int MaxConnectionValues { get; set; } = 20_000;

    /// <summary>Tag conditions in one filter.</summary>
    public int MaxFilterTags { get; set; } = 10;

    /// <summary>Stored events of one filter; a larger limit is lowered to it. NIP-11 <c>max_limit</c>.</summary>
    public int MaxLimit { get; set; } = 1_000;

    /// <summary>Stored events of a filter without a limit. NIP-11 <c>default_limit</c>.</summary>
    public int DefaultLimit { get; set; } = 500;

    /// <summary>Characters of a search.</summary>
    public int MaxSearchLength { get; set; } = 256;

    /// <summary>Time that one REQ, COUNT or NEG-OPEN may compute.</summary>
    public TimeSpan QueryTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Events of a connection that may wait for their check and the disk; more are not read.</summary>
    public int MaxEventsInFlight { get; set; } = 64;

    /// <summary>Bytes that may wait for a reader; more, and the connection is dropped.</summary>
    public ByteSize MaxOutgoingBytes { get; set; } = ByteSize.MiB(4);

    /// <summary>Bytes that may wait for all readers together; then those with most waiting are dropped.</summary>
    public ByteSize MaxTotalOutgoingBytes { get; set; } = ByteSize.MiB(256);

    /// <summary>Time in which a reader must take something when bytes wait; else the connection is dropped.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time in which a message that has begun must be there whole.</summary>
    public TimeSpan MessageTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time after which a connection without subscription and message is closed.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Time between pings.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time in which a ping must be answered.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time in which the headers of a request must be there.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Open WebSocket connections in all.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Open WebSocket connections of one address; of IPv6, of one /64 network.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 100;

    /// <summary>Messages that are no valid request before a connection is closed.</summary>
    public int MaxBadMessages { get; set; } = 100;

    /// <summary>Public keys that may authenticate on one connection.</summary>
    public int MaxAuthenticatedKeys { get; set; } = 16;

    /// <summary>Negentropy sessions of a connection.</summary>
    public int MaxNegentropySessions { get; set; } = 4;

    /// <summary>Events of one negentropy session.</summary>
    public int MaxNegentropyEvents { get; set; } = 250_000;

    /// <summary>Bytes of a negentropy message that the relay sends, before its hexadecimal form.</summary>
    public ByteSize MaxNegentropyBytes { get; set; } = ByteSize.KiB(60);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach ((string name, long value) in ((string, long)[])
        [
            (nameof(MaxMessageBytes), MaxMessageBytes.Bytes), (nameof(MaxEventBytes), MaxEventBytes.Bytes),
            (nameof(MaxSubscriptions), MaxSubscriptions), (nameof(MaxFilters), MaxFilters),
            (nameof(MaxFilterValues), MaxFilterValues), (nameof(MaxConnectionValues), MaxConnectionValues),
            (nameof(MaxLimit), MaxLimit), (nameof(DefaultLimit), DefaultLimit),
            (nameof(MaxEventsInFlight), MaxEventsInFlight), (nameof(MaxConnections), MaxConnections),
            (nameof(MaxConnectionsPerAddress), MaxConnectionsPerAddress), (nameof(MaxBadMessages), MaxBadMessages),
            (nameof(MaxAuthenticatedKeys), MaxAuthenticatedKeys), (nameof(MaxTagValueBytes), MaxTagValueBytes.Bytes),
            (nameof(IdleTimeout), IdleTimeout.Ticks),
        ])
        {
            if (value < 1)
            {
                yield return new OptionProblem(name, "must be more than zero");
            }
        }

        foreach ((string name, int value) in ((string, int)[])
        [
            (nameof(MaxContentLength), MaxContentLength), (nameof(MaxEventTags), MaxEventTags),
            (nameof(MaxFilterTags), MaxFilterTags), (nameof(MaxSearchLength), MaxSearchLength),
            (nameof(MaxNegentropySessions), MaxNegentropySessions), (nameof(MaxNegentropyEvents), MaxNegentropyEvents),
        ])
        {
            if (value < 0)
            {
                yield return new OptionProblem(name, "must be 0 or more");
            }
        }

        foreach ((string name, TimeSpan value) in ((string, TimeSpan)[])
        [
            (nameof(QueryTime), QueryTime), (nameof(SendTimeout), SendTimeout), (nameof(MessageTimeout), MessageTimeout),
            (nameof(PingInterval), PingInterval), (nameof(PingTimeout), PingTimeout),
            (nameof(HandshakeTimeout), HandshakeTimeout),
        ])
        {
            if (value <= TimeSpan.Zero || value > LongestWait)
            {
                yield return new OptionProblem(name, "must be more than zero, and 7d at most");
            }
        }

        if (MaxMessageBytes.Bytes is < 1_024 or > 64 << 20)
        {
            yield return new OptionProblem(nameof(MaxMessageBytes), "must be from 1KiB to 64MiB");
        }

        if (MaxOutgoingBytes.Bytes is < 65_536 or > 1 << 30)
        {
            yield return new OptionProblem(nameof(MaxOutgoingBytes), "must be from 64KiB to 1GiB");
        }

        if (MaxTotalOutgoingBytes.Bytes < 65_536)
        {
            yield return new OptionProblem(nameof(MaxTotalOutgoingBytes), "must be 64KiB or more");
        }

        if (MaxSubscriptionIdLength is < 1 or > 64)
        {
            yield return new OptionProblem(nameof(MaxSubscriptionIdLength), "must be from 1 to 64, as NIP-01 says");
        }

        if (MaxNegentropyBytes.Bytes is < 4_096 or > 16 << 20)
        {
            yield return new OptionProblem(nameof(MaxNegentropyBytes), "must be from 4KiB to 16MiB");
        }
    }
}
