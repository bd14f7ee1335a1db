namespace Mortise.Segments.Tests;

/// <summary>What is known of reclaimed segments outside the store.</summary>
internal sealed class Reclaims
{
    /// <summary>Segments whose reclaiming began.</summary>
    public HashSet<uint> Attempted { get; } = [];

    /// <summary>Segments whose reclaiming was reported done.</summary>
    public HashSet<uint> Completed { get; } = [];
}
