using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>A record as a projection sees it: any field that it asks for has the text.</summary>
/// <param name="text">Any bytes.</param>
/// <param name="values">How many values a field has.</param>
internal readonly ref struct LawRecord(ReadOnlySpan<byte> text, int values) : IRecordFields
{
    private readonly ReadOnlySpan<byte> _text = text;

    public bool TryGet(ReadOnlySpan<byte> name, int index, out ReadOnlySpan<byte> value)
    {
        // These have a length of their own, which a projection may rely on.
        bool isFixed = name.SequenceEqual("kind"u8) || name.SequenceEqual("id"u8) || name.SequenceEqual("pubkey"u8);
        value = isFixed ? (name.Length == 4 ? [0, 1] : "0123456789abcdef0123456789abcdef"u8) : _text;
        return index >= 0 && index < (isFixed ? 1 : values);
    }
}
