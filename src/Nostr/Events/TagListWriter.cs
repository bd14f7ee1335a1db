using System.Text.Unicode;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Encodes tags for <see cref="EventRecord.Encode"/>, in order. Reusable; grows as needed.</summary>
/// <remarks>Threads: one at a time. Buffers: strings are copied.</remarks>
public sealed class TagListWriter
{
    private byte[] _buffer;
    private int _used;
    private int _tagStart = -1;
    private int _values;

    /// <summary>An empty list.</summary>
    public TagListWriter() => _buffer = new byte[256];

    /// <summary>Tags that were ended.</summary>
    public int Count { get; private set; }

    /// <summary>The encoded tags; dies with the next change.</summary>
    public ReadOnlySpan<byte> Encoded
    {
        get
        {
            Invariant.Holds(_tagStart < 0);
            return _buffer.AsSpan(0, _used);
        }
    }

    /// <summary>Bytes that the buffer has grown to.</summary>
    internal int Capacity => _buffer.Length;

    /// <summary>Forgets all tags, and keeps the buffer.</summary>
    public void Clear()
    {
        _used = 0;
        _tagStart = -1;
        Count = 0;
    }

    /// <summary>Begins a tag.</summary>
    /// <exception cref="InvalidOperationException">One is begun and not ended.</exception>
    public void BeginTag()
    {
        if (_tagStart >= 0)
        {
            throw new InvalidOperationException("a tag is begun and not ended");
        }

        _tagStart = _used;
        _values = 0;

        // The count is known at the end; nearly always it fits the one byte that is kept free for it here.
        Reserve(1)[0] = 0;
        _used++;
    }

    /// <summary>Adds a string to the tag that is begun.</summary>
    /// <param name="utf8">Valid UTF-8.</param>
    /// <exception cref="ArgumentException">Not UTF-8. Nothing changed.</exception>
    /// <exception cref="InvalidOperationException">No tag is begun.</exception>
    public void Add(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw new ArgumentException("not UTF-8", nameof(utf8));
        }

        AddValid(utf8);
    }

    /// <summary>Adds a string to the tag that is begun.</summary>
    /// <exception cref="ArgumentException">A lone surrogate. Nothing changed.</exception>
    /// <exception cref="InvalidOperationException">No tag is begun.</exception>
    public void Add(string text) => AddValid(StrictUtf8.GetBytes(text));

    /// <summary>Ends the tag that is begun.</summary>
    /// <exception cref="InvalidOperationException">No tag is begun.</exception>
    public void EndTag()
    {
        CheckBegun();
        int countBytes = Varint.Size((ulong)_values);
        if (countBytes > 1)
        {
            Reserve(countBytes - 1);
            int valuesStart = _tagStart + 1;
            _buffer.AsSpan(valuesStart, _used - valuesStart).CopyTo(_buffer.AsSpan(_tagStart + countBytes));
            _used += countBytes - 1;
        }

        Varint.Write(_buffer.AsSpan(_tagStart), (ulong)_values);
        _tagStart = -1;
        Count++;
    }

    /// <summary>Adds a whole tag.</summary>
    public void AddTag(params ReadOnlySpan<string> values)
    {
        BeginTag();
        foreach (string value in values)
        {
            Add(value);
        }

        EndTag();
    }

    /// <summary>Whether a string is stored as the bytes that its digits spell.</summary>
    internal static bool IsPackable(ReadOnlySpan<byte> utf8) =>
        utf8.Length >= EventFormat.MinPackedCharacters && (utf8.Length & 1) == 0 && LowerHex.IsLowerHex(utf8);

    internal void AddValid(ReadOnlySpan<byte> utf8)
    {
        CheckBegun();
        bool packed = IsPackable(utf8);
        int length = packed ? utf8.Length / 2 : utf8.Length;
        Span<byte> to = Reserve(checked(Varint.MaxBytes + length));
        int head = Varint.Write(to, (ulong)length << 1 | (packed ? 1u : 0u));
        to = to.Slice(head, length);
        if (packed)
        {
            LowerHex.Decode(utf8, to);
        }
        else
        {
            utf8.CopyTo(to);
        }

        _used += head + length;
        _values++;
    }

    private void CheckBegun()
    {
        if (_tagStart < 0)
        {
            throw new InvalidOperationException("no tag is begun");
        }
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_buffer.Length - _used < bytes)
        {
            Array.Resize(ref _buffer, Growth.Next(_buffer.Length, (long)_used + bytes));
        }

        return _buffer.AsSpan(_used);
    }
}
