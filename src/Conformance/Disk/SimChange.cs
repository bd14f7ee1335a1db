namespace Mortise.Conformance;

/// <summary>A change of a file's bytes or length that is not yet durable.</summary>
/// <param name="Sequence">Its place among all changes of the disk.</param>
/// <param name="Offset">First byte written or zeroed.</param>
/// <param name="Data">The bytes written; null for zeroes.</param>
/// <param name="Count">Bytes written or zeroed.</param>
/// <param name="NewLength">The file's length afterwards, or -1 when at least the end of the write.</param>
internal sealed record SimChange(long Sequence, long Offset, byte[]? Data, long Count, long NewLength)
{
    /// <summary>The length of a file of <paramref name="length"/> bytes after this change.</summary>
    public long LengthAfter(long length) => NewLength >= 0
        ? NewLength
        : Data is null ? length : Math.Max(length, Offset + Count);

    public void ApplyTo(SimContent content) => ApplyTo(content, (int)Math.Min(Count, int.MaxValue));

    /// <summary>Applies the first bytes of a write; the whole of any other change.</summary>
    public void ApplyTo(SimContent content, int firstBytes)
    {
        if (Data is not null)
        {
            content.Write(Data.AsSpan(0, Math.Min(firstBytes, Data.Length)), Offset);
        }
        else
        {
            content.Zero(Offset, Count);
        }

        if (NewLength >= 0)
        {
            content.SetLength(NewLength);
        }
    }
}
