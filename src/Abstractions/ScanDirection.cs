namespace Mortise;

/// <summary>The order of a scan.</summary>
public enum ScanDirection
{
    /// <summary>Ascending.</summary>
    Forward = 1,

    /// <summary>Descending.</summary>
    Backward = 2,
}
