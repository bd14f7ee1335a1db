namespace Mortise.Indexing;

/// <summary>What an <see cref="IndexMutation"/> does. The numbers are stored in files.</summary>
public enum IndexOperation : byte
{
    /// <summary>The key maps to the value from now on.</summary>
    Set = 1,

    /// <summary>The key is absent from now on.</summary>
    Remove = 2,
}
