namespace Mortise.Host.Loading;

/// <summary>Which contract a component implements.</summary>
public enum ComponentKind
{
    /// <summary>A write-ahead log.</summary>
    Log = 1,

    /// <summary>A record store.</summary>
    Records = 2,

    /// <summary>An index structure.</summary>
    Index = 3,

    /// <summary>A cache policy.</summary>
    Cache = 4,

    /// <summary>A partition scheme.</summary>
    Partition = 5,

    /// <summary>A projection of records to terms.</summary>
    Projection = 6,
}
