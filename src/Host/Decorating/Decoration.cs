namespace Mortise.Host.Decorating;

/// <summary>What a stack can put around a component of any plugin: <c>decorate: [metrics, checksum]</c>.</summary>
internal enum Decoration
{
    /// <summary>Counts and times every call.</summary>
    Metrics = 1,

    /// <summary>Keeps a checksum with each value of an index, and checks it whenever the value is read.</summary>
    Checksum = 2,

    /// <summary>Bounds the bytes that are made durable a second.</summary>
    Throttle = 3,

    /// <summary>Holds every answer against the contract, and names the law that one breaks.</summary>
    Check = 4,
}
