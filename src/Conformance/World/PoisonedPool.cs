using System.Buffers;

namespace Mortise.Conformance;

/// <summary>Holds what the shared pool of bytes would hand the calling thread next, filled with noise: what is read
/// from an array that was given back is then wrong, and what is written into one is seen.</summary>
/// <remarks>Nothing goes back: it would lie on top of what the component gives back later.</remarks>
internal sealed class PoisonedPool
{
    private const int SmallestBits = 4;
    private const int LargestBits = 20;
    private const int BitsOfMany = 16;
    private const byte Noise = 0xDB;

    private readonly List<byte[]> _arrays = [];

    public PoisonedPool() => RentedBuffers.Unseen(() =>
    {
        for (int bits = SmallestBits; bits <= LargestBits; bits++)
        {
            for (int i = bits <= BitsOfMany ? 8 : 2; i > 0; i--)
            {
                byte[] array = ArrayPool<byte>.Shared.Rent(1 << bits);
                array.AsSpan().Fill(Noise);
                _arrays.Add(array);
            }
        }
    });

    /// <summary>Lengths of arrays that somebody has written into since.</summary>
    public IEnumerable<int> Disturbed => _arrays
        .Where(static array => array.AsSpan().ContainsAnyExcept(Noise)).Select(static array => array.Length);
}
