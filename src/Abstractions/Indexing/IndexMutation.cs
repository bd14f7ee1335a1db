namespace Mortise.Indexing;

/// <summary>One change of an index: sets or removes a key, whatever was there.</summary>
/// <param name="Operation">Set or remove.</param>
/// <param name="KeyOffset">Start of the key in the batch's arena.</param>
/// <param name="KeyLength">Bytes, 1 to <see cref="IndexTraits.MaxKeyBytes"/>.</param>
/// <param name="ValueOffset">Start of the value in the batch's arena.</param>
/// <param name="ValueLength">Bytes, 0 to <see cref="IndexTraits.MaxValueBytes"/>; 0 for a remove.</param>
public readonly record struct IndexMutation(
    IndexOperation Operation, int KeyOffset, int KeyLength, int ValueOffset, int ValueLength);
