using Mortise.Indexing;

namespace Mortise.Reference;

/// <summary>The words of the field <c>content</c>: what stands between spaces, the first <see cref="MaxTermBytes"/>
/// bytes of each.</summary>
public sealed class SplitTerms : ITermProjection
{
    /// <inheritdoc/>
    public int FormatVersion => 1;

    /// <inheritdoc/>
    public int MaxTermBytes => 16;

    /// <inheritdoc/>
    public void Project<TRecord>(in TRecord record, ITermSink sink)
        where TRecord : IRecordFields, allows ref struct
    {
        if (record.TryGet("content"u8, 0, out ReadOnlySpan<byte> text))
        {
            Parse(text, sink);
        }
    }

    /// <inheritdoc/>
    public void Parse(ReadOnlySpan<byte> search, ITermSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        foreach (Range word in search.Split((byte)' '))
        {
            ReadOnlySpan<byte> term = search[word];
            if (!term.IsEmpty)
            {
                sink.Emit(term[..Math.Min(term.Length, MaxTermBytes)]);
            }
        }
    }
}
