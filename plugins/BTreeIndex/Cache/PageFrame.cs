using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>The memory of one cached page: a pinned buffer that is used for one page after another.</summary>
/// <remarks>A reader may use it inside the epoch in which it found it, or for as long as it has pinned it there. The
/// buffer belongs to the collector, so a frame that is used for too long can be wrong but never freed memory; the run
/// number and the snapshot's references see to it that it is not wrong either.</remarks>
internal sealed unsafe class PageFrame
{
    private const int CacheLineBytes = 64;

    private readonly byte[] _buffer;
    private EntryPage _page;
    private int _pins;

    public PageFrame(int pageBytes)
    {
        _buffer = GC.AllocateUninitializedArray<byte>(pageBytes, pinned: true);
        Pointer = (byte*)Unsafe.AsPointer(ref _buffer[0]);
    }

    public byte* Pointer { get; }

    public Span<byte> Bytes => _buffer;

    public uint Number { get; private set; }

    /// <summary>The run that the page belongs to.</summary>
    public ulong Owner { get; private set; }

    /// <summary>The parsed page, when it is a leaf or branch.</summary>
    public ref readonly EntryPage Page => ref _page;

    /// <summary>The slot under which the policy knows it, or -1.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>The round in which a hit was last noted; written without a lock, being no more than a hint.</summary>
    public int NotedIn { get; set; }

    /// <summary>The epoch from which on no new reader can find it; set when it leaves the cache.</summary>
    public long RetiredIn { get; set; }

    public bool IsPinned => Volatile.Read(ref _pins) > 0;

    /// <summary>Takes over the page that was read into <see cref="Bytes"/> and checked.</summary>
    public void Adopt(uint number, ulong owner)
    {
        NotedIn = 0;
        Number = number;
        Owner = owner;
        _page = PageFormat.Type(_buffer) is PageType.Leaf or PageType.Branch ? new EntryPage(Pointer) : default;
    }

    /// <summary>Asks the memory for this object: what a search needs to know before it looks into the page.</summary>
    public void Prefetch()
    {
        if (Sse.IsSupported)
        {
            // A prefetch never faults, so the address needs no pin: at worst it warms a line in vain.
            byte* start = (byte*)Unsafe.AsPointer(ref _page);
            for (int line = 0; line < sizeof(EntryPage); line += CacheLineBytes)
            {
                Sse.Prefetch0(start + line);
            }

            Sse.Prefetch0(Unsafe.AsPointer(ref _pins));
        }
    }

    /// <summary>Keeps the frame beyond the epoch; only inside the epoch in which it was found.</summary>
    public void Pin() => Interlocked.Increment(ref _pins);

    public void Unpin() => Interlocked.Decrement(ref _pins);
}
