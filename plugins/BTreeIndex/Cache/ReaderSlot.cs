using System.Runtime.InteropServices;
using Mortise.Caching;

namespace Mortise.BTreeIndex;

/// <summary>Where a reader says in which epoch it is, and notes what it hits.</summary>
/// <remarks>It belongs to one entered reader, so what hangs on it needs no synchronisation; who reclaims looks at
/// <see cref="Epoch"/>.</remarks>
internal sealed class ReaderSlot
{
    private const int HitsPerBatch = 64;

    private Lines _lines;

    // Made when there is something to note: most slots never have a reader.
    private CacheSlot[]? _noted;

    /// <summary>The epoch, or 0 while nobody has entered here.</summary>
    public ref long Epoch => ref _lines.Epoch;

    /// <summary>Hits so far.</summary>
    public ref long Hits => ref _lines.Hits;

    /// <summary>Notes a hit.</summary>
    /// <returns>True when no more can be noted: call <see cref="TakeNoted"/> now.</returns>
    public bool Note(CacheSlot hit)
    {
        _noted ??= new CacheSlot[HitsPerBatch];
        _noted[_lines.Noted++] = hit;
        return _lines.Noted == HitsPerBatch;
    }

    /// <summary>The noted hits, oldest first, which are forgotten; valid until the reader has left.</summary>
    public ReadOnlySpan<CacheSlot> TakeNoted()
    {
        int count = _lines.Noted;
        _lines.Noted = 0;
        return _noted.AsSpan(0, count);
    }

    /// <summary>What a reader writes, more than two cache lines from what the next slot's writes: lines are fetched in
    /// pairs.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Lines
    {
        [FieldOffset(80)]
        public long Epoch;

        [FieldOffset(88)]
        public long Hits;

        [FieldOffset(96)]
        public int Noted;
    }
}
