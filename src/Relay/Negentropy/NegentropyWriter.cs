using System.Buffers;

namespace Mortise.Relay;

/// <summary>Writes a negentropy message.</summary>
internal sealed class NegentropyWriter
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private ulong _lastTime;

    public int Length => _output.WrittenCount;

    public ReadOnlySpan<byte> Written => _output.WrittenSpan;

    public void WriteByte(byte value) => _output.Write([value]);

    public void WriteVarint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        int at = bytes.Length;
        bytes[--at] = (byte)(value & 0x7F);
        while ((value >>= 7) != 0)
        {
            bytes[--at] = (byte)(value & 0x7F | 0x80);
        }

        _output.Write(bytes[at..]);
    }

    public void WriteBytes(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    public void WriteId(in PublicKey id)
    {
        id.Write(_output.GetSpan(PublicKey.Bytes));
        _output.Advance(PublicKey.Bytes);
    }

    public void WriteBound(in NegentropyBound bound)
    {
        if (bound.CreatedAt == NegentropyBound.Infinity)
        {
            _lastTime = NegentropyBound.Infinity;
            WriteVarint(0);
        }
        else
        {
            WriteVarint(bound.CreatedAt - _lastTime + 1);
            _lastTime = bound.CreatedAt;
        }

        WriteVarint((ulong)bound.Prefix.Length);
        WriteBytes(bound.Prefix.Span);
    }
}
