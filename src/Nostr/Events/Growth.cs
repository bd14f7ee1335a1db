namespace Mortise.Nostr;

/// <summary>How buffers grow: doubling, up to what an array can be.</summary>
internal static class Growth
{
    /// <summary>The next size of a buffer that must hold <paramref name="needed"/> bytes.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LimitExceeded"/>.</exception>
    internal static int Next(int size, long needed)
    {
        if (needed > Array.MaxLength)
        {
            throw new StorageException(
                StorageErrorCode.LimitExceeded, $"an event of {needed} bytes; at most {Array.MaxLength}");
        }

        return (int)Math.Min(Array.MaxLength, Math.Max(size * 2L, needed));
    }
}
