using System.Buffers;
using System.Runtime.InteropServices;

namespace Mortise.Relay;

/// <summary>A public key, or any other 32 bytes, as a value that can be compared and hashed.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct PublicKey
{
    public const int Bytes = 32;

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789abcdef");

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    public static PublicKey Read(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<PublicKey>(bytes);

    public static bool TryParse(ReadOnlySpan<char> hex, out PublicKey key)
    {
        key = default;
        if (hex.Length != 2 * Bytes || hex.ContainsAnyExcept(s_digits))
        {
            return false;
        }

        key = Read(Convert.FromHexString(hex));
        return true;
    }

    public void Write(Span<byte> to) => MemoryMarshal.Write(to, in this);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
