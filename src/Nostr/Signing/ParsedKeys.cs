using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mortise.Nostr;

/// <summary>Public keys as points of the curve: finding a point for its x is a tenth of what checking a signature costs,
/// and few authors write most events.</summary>
/// <remarks>
/// <para>Each key has one place, which the last one that was remembered there has: memory is bounded, and whoever makes keys
/// for the place of another's costs it one more search and nothing else.</para>
/// <para>Threads: any number at once, without a lock; what is in a place is never changed, only exchanged.</para>
/// </remarks>
internal sealed class ParsedKeys
{
    /// <summary>Bytes of a point, as the library keeps it.</summary>
    internal const int PointBytes = 64;

    /// <summary>A power of two; with all of them taken, half a megabyte.</summary>
    internal const int Places = 4_096;

    private readonly Entry?[] _entries = new Entry?[Places];

    /// <summary>Finds the point of a key.</summary>
    /// <param name="key">32 bytes, all of which are compared.</param>
    /// <param name="point">A copy of it.</param>
    public bool TryFind(ReadOnlySpan<byte> key, out Point point)
    {
        Entry? entry = Volatile.Read(ref _entries[PlaceOf(key)]);
        if (entry is not null && entry.Has(key))
        {
            point = entry.Point;
            return true;
        }

        Unsafe.SkipInit(out point);
        return false;
    }

    /// <summary>Remembers the point of a key, in place of whatever has its place.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="point">Its point.</param>
    public void Remember(ReadOnlySpan<byte> key, in Point point) =>
        Volatile.Write(ref _entries[PlaceOf(key)], new Entry(key, point));

    /// <summary>The place of a key; keys are as good as random.</summary>
    internal static int PlaceOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt16LittleEndian(key) & (Places - 1);

    /// <summary>A point as the library keeps it: copied freely, and of no meaning to others.</summary>
    [InlineArray(PointBytes)]
    internal struct Point
    {
        private byte _first;
    }

    [InlineArray(Schnorr.KeyBytes)]
    private struct Key
    {
        private byte _first;
    }

    private sealed class Entry
    {
        private readonly Key _key;

        public Entry(ReadOnlySpan<byte> key, in Point point)
        {
            key.CopyTo(_key);
            Point = point;
        }

        public Point Point { get; }

        public bool Has(ReadOnlySpan<byte> key) => ((ReadOnlySpan<byte>)_key).SequenceEqual(key);
    }
}
