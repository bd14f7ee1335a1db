using System.Buffers;
using System.Text;

namespace Mortise.Nostr;

/// <summary>Walks JSON text that is known to be UTF-8, one token at a time, by the letter of RFC 8259.</summary>
/// <remarks>Never throws, whatever the bytes. After a refusal <see cref="Reason"/> and <see cref="Position"/> say why
/// and where.</remarks>
internal ref struct JsonCursor(ReadOnlySpan<byte> text)
{
    private static readonly SearchValues<byte> s_ends = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        (byte)'"', (byte)'\\',
    ]);

    private readonly ReadOnlySpan<byte> _text = text;

    /// <summary>The next byte.</summary>
    internal int Position { get; private set; }

    /// <summary>Why the last call refused.</summary>
    internal RejectReason Reason { get; private set; }

    /// <summary>Skips white space and shows the next byte; 0 at the end, which is no token either.</summary>
    internal byte Peek()
    {
        int position = Position;
        ReadOnlySpan<byte> text = _text;
        while ((uint)position < (uint)text.Length
            && text[position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            position++;
        }

        Position = position;
        return (uint)position < (uint)text.Length ? text[position] : (byte)0;
    }

    internal bool AtEnd
    {
        get
        {
            Peek();
            return Position == _text.Length;
        }
    }

    /// <summary>Takes a structural byte if it is next.</summary>
    internal bool TryTake(byte expected)
    {
        if (Peek() != expected)
        {
            return Refuse(RejectReason.NotJson);
        }

        Position++;
        return true;
    }

    /// <summary>Takes a string.</summary>
    /// <param name="scratch">Holds the string when it has escapes.</param>
    /// <param name="value">The string in UTF-8: in the text, or in <paramref name="scratch"/>.</param>
    internal bool TryString(scoped ref byte[] scratch, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryTake((byte)'"'))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = _text[Position..];
        int end = rest.IndexOfAny(s_ends);
        if (end >= 0 && rest[end] == (byte)'"')
        {
            value = rest[..end];
            Position += end + 1;
            return true;
        }

        return TryEscapedString(ref scratch, out value);
    }

    /// <summary>Takes a whole number from 0 to <paramref name="max"/>, without sign, fraction or exponent.</summary>
    internal bool TryInteger(long max, out long value)
    {
        value = 0;
        Peek();
        int start = Position;
        int position = start;
        while ((uint)position < (uint)_text.Length && _text[position] is >= (byte)'0' and <= (byte)'9')
        {
            int digit = _text[position] - '0';
            if (value > (max - digit) / 10)
            {
                return false;
            }

            value = value * 10 + digit;
            position++;
        }

        int digits = position - start;
        if (digits == 0 || (digits > 1 && _text[start] == (byte)'0')
            || (position < _text.Length && _text[position] is (byte)'.' or (byte)'e' or (byte)'E'))
        {
            return false;
        }

        Position = position;
        return true;
    }

    /// <summary>Takes any value and forgets it.</summary>
    internal bool TrySkip(scoped ref byte[] scratch, int maxDepth)
    {
        ulong objects = 0;
        int depth = 0;
        while (true)
        {
            // One value: a scalar, an empty container, or the opening of a container.
            byte next = Peek();
            if (next is (byte)'{' or (byte)'[')
            {
                Position++;
                bool isObject = next == (byte)'{';
                if (Peek() == (isObject ? (byte)'}' : (byte)']'))
                {
                    Position++;
                }
                else
                {
                    if (depth == maxDepth)
                    {
                        return Refuse(RejectReason.TooDeep);
                    }

                    objects = objects << 1 | (isObject ? 1u : 0u);
                    depth++;
                    if (isObject && !TryName(ref scratch))
                    {
                        return false;
                    }

                    continue;
                }
            }
            else if (!TryScalar(next, ref scratch))
            {
                return false;
            }

            // What follows a value: the ends of containers, then a comma, or nothing at the outermost level.
            while (depth > 0 && Peek() == ((objects & 1) != 0 ? (byte)'}' : (byte)']'))
            {
                Position++;
                objects >>= 1;
                depth--;
            }

            if (depth == 0)
            {
                return true;
            }

            if (!TryTake((byte)',') || ((objects & 1) != 0 && !TryName(ref scratch)))
            {
                return false;
            }
        }
    }

    private bool TryName(scoped ref byte[] scratch) => TryString(ref scratch, out _) && TryTake((byte)':');

    private bool TryScalar(byte first, ref byte[] scratch) => first switch
    {
        (byte)'"' => TryString(ref scratch, out _),
        (byte)'t' => TryWord("true"u8),
        (byte)'f' => TryWord("false"u8),
        (byte)'n' => TryWord("null"u8),
        _ => TryNumber(),
    };

    private bool TryWord(ReadOnlySpan<byte> word)
    {
        if (!_text[Position..].StartsWith(word))
        {
            return Refuse(RejectReason.NotJson);
        }

        Position += word.Length;
        return true;
    }

    private bool TryNumber()
    {
        TryOne((byte)'-', (byte)'-');
        if (!TryOne((byte)'0', (byte)'0') && !TryDigits())
        {
            return Refuse(RejectReason.NotJson);
        }

        if (TryOne((byte)'.', (byte)'.') && !TryDigits())
        {
            return Refuse(RejectReason.NotJson);
        }

        if (TryOne((byte)'e', (byte)'E'))
        {
            TryOne((byte)'+', (byte)'-');
            if (!TryDigits())
            {
                return Refuse(RejectReason.NotJson);
            }
        }

        return true;
    }

    private bool TryOne(byte a, byte b)
    {
        bool found = Position < _text.Length && (_text[Position] == a || _text[Position] == b);
        Position += found ? 1 : 0;
        return found;
    }

    private bool TryDigits()
    {
        int start = Position;
        while (Position < _text.Length && _text[Position] is >= (byte)'0' and <= (byte)'9')
        {
            Position++;
        }

        return Position > start;
    }

    private bool TryEscapedString(scoped ref byte[] scratch, out ReadOnlySpan<byte> value)
    {
        value = default;
        int used = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = _text[Position..];
            int end = rest.IndexOfAny(s_ends);
            if (end < 0)
            {
                Position = _text.Length;
                return Refuse(RejectReason.NotJson);
            }

            // Room for what is plain, and for the longest thing that one escape stands for.
            if (scratch.Length - used < end + 4)
            {
                Array.Resize(ref scratch, Growth.Next(scratch.Length, (long)used + end + 4));
            }

            rest[..end].CopyTo(scratch.AsSpan(used));
            used += end;
            Position += end;
            if (rest[end] == (byte)'"')
            {
                Position++;
                value = scratch.AsSpan(0, used);
                return true;
            }

            if (rest[end] != (byte)'\\')
            {
                return Refuse(RejectReason.NotJson);
            }

            if (!TryEscape(scratch.AsSpan(used), out int written))
            {
                return false;
            }

            used += written;
        }
    }

    private bool TryEscape(Span<byte> to, out int written)
    {
        written = 1;
        byte letter = Position + 1 < _text.Length ? _text[Position + 1] : (byte)0;
        to[0] = letter switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'"' or (byte)'\\' or (byte)'/' => letter,
            _ => 0,
        };
        if (to[0] != 0)
        {
            Position += 2;
            return true;
        }

        if (letter != (byte)'u' || !TryFourDigits(Position + 2, out int unit))
        {
            return Refuse(RejectReason.NotJson);
        }

        int length = 6;
        int scalar = unit;
        if (char.IsSurrogate((char)unit))
        {
            bool paired = char.IsHighSurrogate((char)unit)
                && _text[(Position + 6)..].StartsWith("\\u"u8)
                && TryFourDigits(Position + 8, out int low)
                && char.IsLowSurrogate((char)low)
                && (scalar = char.ConvertToUtf32((char)unit, (char)low)) > 0;
            if (!paired)
            {
                return Refuse(RejectReason.LoneSurrogate);
            }

            length = 12;
        }

        written = new Rune(scalar).EncodeToUtf8(to);
        Position += length;
        return true;
    }

    private readonly bool TryFourDigits(int at, out int value)
    {
        value = 0;
        if (_text.Length - at < 4)
        {
            return false;
        }

        foreach (byte digit in _text.Slice(at, 4))
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }

            value = value << 4 | HexValue(digit);
        }

        return true;
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private bool Refuse(RejectReason reason)
    {
        Reason = reason;
        return false;
    }
}
