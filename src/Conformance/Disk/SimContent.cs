using Mortise.Primitives;

namespace Mortise.Conformance;

/// <summary>A file's bytes, sparse, with pages shared between copies until one of them changes.</summary>
internal sealed class SimContent
{
    public const int PageBytes = 4096;

    private byte[]?[] _pages = [];
    private bool[] _owned = [];

    public long Length { get; private set; }

    public int AllocatedPages { get; private set; }

    public SimContent Clone()
    {
        Array.Clear(_owned);
        return new SimContent
        {
            _pages = (byte[]?[])_pages.Clone(),
            _owned = new bool[_owned.Length],
            Length = Length,
            AllocatedPages = AllocatedPages,
        };
    }

    public int Read(Span<byte> to, long offset)
    {
        if (offset >= Length)
        {
            return 0;
        }

        int count = (int)Math.Min(to.Length, Length - offset);
        for (int done = 0; done < count;)
        {
            (int page, int within, int part) = Locate(offset + done, count - done);
            Span<byte> piece = to.Slice(done, part);
            if (page < _pages.Length && _pages[page] is { } bytes)
            {
                bytes.AsSpan(within, part).CopyTo(piece);
            }
            else
            {
                piece.Clear();
            }

            done += part;
        }

        return count;
    }

    public void Write(ReadOnlySpan<byte> from, long offset)
    {
        for (int done = 0; done < from.Length;)
        {
            (int page, int within, int part) = Locate(offset + done, from.Length - done);
            from.Slice(done, part).CopyTo(Own(page).AsSpan(within));
            done += part;
        }

        if (!from.IsEmpty)
        {
            Length = Math.Max(Length, offset + from.Length);
        }
    }

    /// <summary>Zeroes a range; never changes the length.</summary>
    public void Zero(long offset, long length)
    {
        long end = Math.Min(offset + length, (long)_pages.Length * PageBytes);
        while (offset < end)
        {
            (int page, int within, int part) = Locate(offset, end - offset);
            if (_pages[page] is not null)
            {
                if (part == PageBytes)
                {
                    _pages[page] = null;
                    AllocatedPages--;
                }
                else
                {
                    Own(page).AsSpan(within, part).Clear();
                }
            }

            offset += part;
        }
    }

    /// <summary>Changes the length only; a shorter file keeps no bytes behind its end.</summary>
    public void SetLength(long length)
    {
        if (length < Length)
        {
            Zero(length, Length - length);
        }

        Length = length;
    }

    /// <summary>Pages that a write of this range would have to allocate.</summary>
    public int MissingPages(long offset, int length)
    {
        int missing = 0;
        for (long page = offset / PageBytes; length > 0 && page <= (offset + length - 1) / PageBytes; page++)
        {
            missing += page < _pages.Length && _pages[page] is not null ? 0 : 1;
        }

        return missing;
    }

    public void FlipBit(long offset, int bit)
    {
        Invariant.Holds(offset < Length);
        Own((int)(offset / PageBytes))[offset % PageBytes] ^= (byte)(1 << bit);
    }

    private static (int Page, int Within, int Part) Locate(long offset, long wanted)
    {
        int within = (int)(offset % PageBytes);
        return (checked((int)(offset / PageBytes)), within, (int)Math.Min(wanted, PageBytes - within));
    }

    private byte[] Own(int page)
    {
        if (page >= _pages.Length)
        {
            int size = Math.Max(page + 1, _pages.Length * 2);
            Array.Resize(ref _pages, size);
            Array.Resize(ref _owned, size);
        }

        byte[]? bytes = _pages[page];
        if (bytes is null)
        {
            bytes = new byte[PageBytes];
            AllocatedPages++;
        }
        else if (!_owned[page])
        {
            bytes = (byte[])bytes.Clone();
        }

        _owned[page] = true;
        return _pages[page] = bytes;
    }
}
