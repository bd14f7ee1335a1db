namespace Mortise.Bench.Workload;

/// <summary>The shapes of query in a workload; the numbers are the file's.</summary>
public enum QueryShape
{
    /// <summary>One id that is there.</summary>
    PointHit = 1,

    /// <summary>One id that is not there.</summary>
    PointMiss = 2,

    /// <summary>The newest of one author.</summary>
    Author = 3,

    /// <summary>The newest of a kind within a week.</summary>
    Kind = 4,

    /// <summary>The newest with one tag value.</summary>
    Tag = 5,

    /// <summary>The newest of a hundred authors.</summary>
    Merge = 6,
}
