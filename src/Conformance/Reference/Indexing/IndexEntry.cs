namespace Mortise.Reference;

/// <summary>One entry of a reference index.</summary>
internal sealed record IndexEntry(byte[] Key, byte[] Value);
