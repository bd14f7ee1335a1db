namespace Mortise.Relay;

/// <summary>Reads a negentropy message. Hostile bytes; every refusal is a <see cref="FormatException"/>.</summary>
internal ref struct NegentropyReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private ulong _lastTime;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte ReadByte()
    {
        byte value = ReadBytes(1)[0];
        return value;
    }

    /// <summary>Seven bits a byte, most significant first.</summary>
    public ulong ReadVarint()
    {
        ulong value = 0;
        while (true)
        {
            byte next = ReadByte();
            if (value >> 57 != 0)
            {
                throw new FormatException("a number of more than 64 bits");
            }

            value = value << 7 | (uint)(next & 0x7F);
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }
    }

    public ReadOnlySpan<byte> ReadBytes(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw new FormatException($"the message ends where {count} bytes are announced");
        }

        ReadOnlySpan<byte> bytes = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return bytes;
    }

    public NegentropyBound ReadBound()
    {
        ulong time = ReadTime();
        ulong length = ReadVarint();
        return length > PublicKey.Bytes
            ? throw new FormatException($"an id prefix of {length} bytes")
            : new NegentropyBound(time, ReadBytes(length).ToArray());
    }

    /// <summary>0 is infinity; else one more than the distance from the time before.</summary>
    private ulong ReadTime()
    {
        ulong coded = ReadVarint();
        if (coded == 0 || _lastTime == NegentropyBound.Infinity)
        {
            _lastTime = NegentropyBound.Infinity;
        }
        else if (coded - 1 > NegentropyBound.Infinity - _lastTime)
        {
            throw new FormatException("a time beyond 64 bits");
        }
        else
        {
            _lastTime += coded - 1;
        }

        return _lastTime;
    }
}
