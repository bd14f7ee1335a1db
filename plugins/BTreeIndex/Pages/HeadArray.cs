using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>Key heads in order in a page, u64 each, little-endian: what a search looks at before anything else.</summary>
/// <remarks>Buffers: points into the page's memory. Equal heads may follow each other.</remarks>
internal readonly unsafe struct HeadArray
{
    /// <summary>Heads that are compared at once, around where one is expected.</summary>
    private const int Window = 16;

    /// <summary>Windows tried beside the first before halving takes over: keys that are not spread evenly.</summary>
    private const int MostWindows = 3;

    private readonly byte* _heads;
    private readonly int _count;

    // What a search would otherwise fetch from the array's far ends.
    private readonly ulong _first;
    private readonly ulong _last;
    private readonly ulong _scale;
    private readonly int _shift;

    public HeadArray(byte* heads, int count)
    {
        _heads = heads;
        _count = count;
        if (count == 0)
        {
            return;
        }

        _first = this[0];
        _last = this[count - 1];

        // (head - first) >> shift has 32 bits at most; times scale, the upper half of 64 bits is a place in the array.
        ulong span = _last - _first;
        _shift = Math.Max(0, 32 - BitOperations.LeadingZeroCount(span));
        _scale = ((ulong)(count - 1) << 32) / ((span >> _shift) + 1);
    }

    public ulong this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert((uint)index < (uint)_count);
            ulong head = Unsafe.ReadUnaligned<ulong>(_heads + ((nint)index * sizeof(ulong)));
            return BitConverter.IsLittleEndian ? head : BinaryPrimitives.ReverseEndianness(head);
        }
    }

    /// <summary>The first head at or above one: where it should be among evenly spread ones, and from there by windows; so
    /// a search in a page that is in no cache waits for memory once or twice, not for each of its halvings.</summary>
    /// <returns>0 to the number of heads.</returns>
    public int FirstNotBelow(ulong head)
    {
        if (head <= _first)
        {
            return 0;
        }

        if (head > _last)
        {
            return _count;
        }

        if (!BitConverter.IsLittleEndian || !Vector256.IsHardwareAccelerated || _count < 2 * Window)
        {
            return FirstNotBelow(head, 0, _count);
        }

        int start = Math.Clamp(Guess(head) - (Window / 2), 0, _count - Window);
        for (int i = 0; i < MostWindows; i++)
        {
            int below = CountBelow(start, head);
            if (below is > 0 and < Window)
            {
                return start + below;
            }

            // The first head is below and the last is not, so there is more on that side.
            start = below == 0 ? Math.Max(0, start - Window + 1) : Math.Min(_count - Window, start + Window - 1);
        }

        return FirstNotBelow(head, 0, _count);
    }

    /// <summary>Asks the memory for the heads around the place where one should be.</summary>
    /// <returns>That place.</returns>
    public int Prefetch(ulong head)
    {
        if (!Sse.IsSupported || _count == 0)
        {
            return 0;
        }

        int guess = head <= _first ? 0 : head > _last ? _count - 1 : Guess(head);
        int start = Math.Max(0, Math.Min(guess - (Window / 2), _count - Window));
        byte* line = _heads + ((nint)start * sizeof(ulong));
        Sse.Prefetch0(line);
        Sse.Prefetch0(line + (Window * sizeof(ulong) / 2));
        Sse.Prefetch0(line + ((Window - 1) * sizeof(ulong)));
        return guess;
    }

    /// <summary>Asks the memory for a head.</summary>
    public void PrefetchAt(int index)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(_heads + ((nint)index * sizeof(ulong)));
        }
    }

    /// <summary>The first head at or above one in a part of the array that is not empty, by halving.</summary>
    /// <returns><paramref name="start"/> to <paramref name="end"/>.</returns>
    public int FirstNotBelow(ulong head, int start, int end)
    {
        nint low = start;
        nint n = end - start;
        while (n > 1)
        {
            nint half = n >> 1;
            bool isBelow = this[(int)(low + half - 1)] < head;
            low += half & -(nint)Unsafe.BitCast<bool, byte>(isBelow);
            n -= half;
        }

        return (int)low + Unsafe.BitCast<bool, byte>(this[(int)low] < head);
    }

    /// <summary>Where a head between the first and the last is among evenly spread ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Guess(ulong head) => (int)((((head - _first) >> _shift) * _scale) >> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int CountBelow(int start, ulong head)
    {
        ref ulong first = ref Unsafe.AsRef<ulong>(_heads + ((nint)start * sizeof(ulong)));
        Vector256<ulong> wanted = Vector256.Create(head);
        uint below = 0;
        for (int i = 0; i < Window; i += Vector256<ulong>.Count)
        {
            Vector256<ulong> heads = Vector256.LoadUnsafe(ref first, (nuint)i);
            below |= Vector256.LessThan(heads, wanted).ExtractMostSignificantBits() << i;
        }

        return BitOperations.PopCount(below);
    }
}
