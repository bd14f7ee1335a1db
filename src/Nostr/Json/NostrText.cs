using System.Buffers;
using System.Buffers.Text;

namespace Mortise.Nostr;

/// <summary>Writes NIP-01 JSON into a pooled buffer: the escapes that ids are made of, and no others.</summary>
/// <remarks>Dispose it; it rents its buffer.</remarks>
internal ref struct NostrText : IDisposable
{
    // All that NIP-01 escapes. Everything else goes in verbatim, U+007F and U+2028 too, or ids change.
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        (byte)'"', (byte)'\\',
    ]);

    private byte[] _buffer;
    private int _used;

    internal NostrText(int expectedBytes) => _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(expectedBytes, 256));

    internal readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _used);

    internal void Raw(byte one)
    {
        Reserve(1)[0] = one;
        _used++;
    }

    internal void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _used += bytes.Length;
    }

    internal void Integer(long value)
    {
        Utf8Formatter.TryFormat(value, Reserve(20), out int written);
        _used += written;
    }

    internal void QuotedHex(scoped ReadOnlySpan<byte> bytes)
    {
        int digits = checked(2 * bytes.Length);
        Span<byte> to = Reserve(checked(digits + 2));
        to[0] = (byte)'"';
        LowerHex.Encode(bytes, to.Slice(1, digits));
        to[digits + 1] = (byte)'"';
        _used += digits + 2;
    }

    internal void Quoted(scoped ReadOnlySpan<byte> utf8)
    {
        Raw((byte)'"');
        while (true)
        {
            int plain = utf8.IndexOfAny(s_escaped);
            if (plain < 0)
            {
                Raw(utf8);
                break;
            }

            Raw(utf8[..plain]);
            Escape(utf8[plain]);
            utf8 = utf8[(plain + 1)..];
        }

        Raw((byte)'"');
    }

    internal void Tags(scoped TagList tags)
    {
        Raw((byte)'[');
        bool first = true;
        foreach (TagView tag in tags)
        {
            if (!first)
            {
                Raw((byte)',');
            }

            first = false;
            Tag(tag);
        }

        Raw((byte)']');
    }

    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _used = 0;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Tag(scoped TagView tag)
    {
        Raw((byte)'[');
        bool first = true;
        foreach (TagValue value in tag)
        {
            if (!first)
            {
                Raw((byte)',');
            }

            first = false;
            if (value.IsHex)
            {
                QuotedHex(value.Bytes);
            }
            else
            {
                Quoted(value.Bytes);
            }
        }

        Raw((byte)']');
    }

    private void Escape(byte value)
    {
        byte letter = value switch
        {
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            (byte)'"' or (byte)'\\' => value,
            _ => 0,
        };
        if (letter != 0)
        {
            Raw([(byte)'\\', letter]);
            return;
        }

        Raw("\\u00"u8);
        LowerHex.Encode([value], Reserve(2)[..2]);
        _used += 2;
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_buffer.Length - _used < bytes)
        {
            Grow(bytes);
        }

        return _buffer.AsSpan(_used);
    }

    private void Grow(int bytes)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Growth.Next(_buffer.Length, (long)_used + bytes));
        _buffer.AsSpan(0, _used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
