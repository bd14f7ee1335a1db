namespace Mortise.Indexing;

/// <summary>A position in a range of a snapshot. One thread at a time.</summary>
public interface IIndexCursor : IDisposable
{
    /// <summary>Moves to the next entry in the cursor's direction; the first call moves to the first.</summary>
    /// <returns>False past the last entry, and on every later call.</returns>
    bool MoveNext();

    /// <summary>Moves to the first entry at or beyond a key in the cursor's direction, never backwards.</summary>
    /// <param name="key">A key; outside the range it is clamped to it.</param>
    /// <returns>False when there is none.</returns>
    bool Seek(ReadOnlySpan<byte> key);

    /// <summary>The current key; dies when the cursor moves. Undefined before the first and after the last
    /// entry.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>The current value; dies when the cursor moves.</summary>
    ReadOnlySpan<byte> Value { get; }
}
