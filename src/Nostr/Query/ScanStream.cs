using System.Buffers;
using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>The entries of one key range, newest first, scanned in portions: what is read in one call to the index
/// costs no call an entry.</summary>
/// <remarks>Memory: two portions of at most <see cref="MaxPortion"/> entries of 32 bytes, and where families keep
/// records inline, about <see cref="MaxInlineBytes"/> of them a portion. Nothing of the index is held between
/// portions.</remarks>
internal sealed class ScanStream : EntryStream
{
    private const int FirstPortion = 16;
    private const int MaxPortion = 256;
    private const int MaxInlineBytes = 64 << 10;

    private readonly AccessPath _path;
    private readonly QueryWindow _window;
    private readonly bool _keepsRecords;
    private readonly int? _enough;
    private Entry[] _entries;
    private byte[] _next;
    private int _nextLength;
    private int _count;
    private int _at;
    private int _most;
    private int _partition;
    private int _opened = -1;
    private int _partitions;

    // The last entry of a portion may still be in use when the next portion is read.
    private byte[] _inline = [];
    private byte[] _inlineBefore = [];
    private int _inlineUsed;
    private bool _isOdd;

    /// <param name="path">A path of one newest-first range, in a family of disjoint partitions.</param>
    /// <param name="window">The part wanted.</param>
    /// <param name="enough">Entries that are enough when each is a result; null when records decide, or all are
    /// wanted.</param>
    /// <param name="wantsRecords">True to keep records that entries hold inline.</param>
    public ScanStream(AccessPath path, in QueryWindow window, int? enough, bool wantsRecords)
    {
        _path = path;
        _window = window;
        _keepsRecords = wantsRecords && path.Family.InlineBelowBytes > 0;

        _enough = enough;
        _most = Math.Clamp(enough ?? FirstPortion, 1, MaxPortion);
        _entries = ArrayPool<Entry>.Shared.Rent(_most);
        _next = ArrayPool<byte>.Shared.Rent(path.Prefix(0).Length + OrderKey.Bytes + sizeof(ulong) + 1);
    }

    public override long Partitions => _partitions;

    public override bool KeepsRecords => _keepsRecords;

    public override bool MoveNext(out Entry entry)
    {
        if (_at == _count && !ReadPortion())
        {
            entry = default;
            return false;
        }

        entry = _entries[_at++];
        return true;
    }

    public override ReadOnlySpan<byte> Inline(in Entry entry)
    {
        if (entry.InlineSlot < 0)
        {
            return default;
        }

        byte[] arena = (entry.InlineSlot & 1) != 0 == _isOdd ? _inline : _inlineBefore;
        return arena.AsSpan(entry.InlineSlot >> 1, entry.InlineLength);
    }

    public override void Dispose()
    {
        if (_entries.Length > 0)
        {
            ArrayPool<Entry>.Shared.Return(_entries);
            ArrayPool<byte>.Shared.Return(_next);
        }

        _entries = [];
        _next = [];
        _at = 0;
        _count = 0;
        _partition = int.MaxValue;
    }

    private bool ReadPortion()
    {
        _at = 0;
        _count = 0;
        Size();
        if (_keepsRecords)
        {
            (_inline, _inlineBefore) = (_inlineBefore, _inline);
            _inlineUsed = 0;
            _isOdd = !_isOdd;
        }

        FamilyView family = _path.Family;
        while (_count == 0 && _partition < family.PartitionCount)
        {
            if (!family.BoundsOf(_partition).Overlaps(_window.Ordinals))
            {
                _partition++;
                continue;
            }

            if (_opened != _partition)
            {
                _opened = _partition;
                _partitions++;
            }

            var sink = new PortionSink(this);
            _path.Scan(0, _window, _partition, _next.AsSpan(0, _nextLength), ref sink);
            if (!sink.IsStopped)
            {
                _partition++;
                _nextLength = 0;
            }
        }

        Examined += _count;
        return _count > 0;
    }

    /// <summary>Makes the next portion larger, or as small as what may still be wanted.</summary>
    private void Size()
    {
        if (_enough is int enough)
        {
            _most = (int)Math.Clamp(enough - Examined, 1, MaxPortion);
        }
        else if (Examined > 0)
        {
            _most = Math.Min(2 * _most, MaxPortion);
        }

        if (_entries.Length < _most && _entries.Length > 0)
        {
            ArrayPool<Entry>.Shared.Return(_entries);
            _entries = ArrayPool<Entry>.Shared.Rent(_most);
        }
    }

    /// <returns>False when the portion is full.</returns>
    private bool Take(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
    {
        var entry = new Entry(OrderKey.Read(key), location);
        if (_keepsRecords && !inline.IsEmpty)
        {
            entry = Keep(entry, inline);
        }

        _entries[_count++] = entry;
        if (_count < _most && _inlineUsed < MaxInlineBytes)
        {
            return true;
        }

        // The next portion begins right behind this entry.
        key.CopyTo(_next);
        BinaryPrimitives.WriteUInt64BigEndian(_next.AsSpan(key.Length), location.Value);
        _next[key.Length + sizeof(ulong)] = 0;
        _nextLength = key.Length + sizeof(ulong) + 1;
        return false;
    }

    private Entry Keep(in Entry entry, ReadOnlySpan<byte> inline)
    {
        if (_inline.Length - _inlineUsed < inline.Length)
        {
            Array.Resize(ref _inline, Math.Max(2 * _inline.Length, _inlineUsed + inline.Length));
        }

        inline.CopyTo(_inline.AsSpan(_inlineUsed));
        int slot = (_inlineUsed << 1) | (_isOdd ? 1 : 0);
        _inlineUsed += inline.Length;
        return entry with { InlineSlot = slot, InlineLength = inline.Length };
    }

    private struct PortionSink(ScanStream stream) : IFamilySink
    {
        public bool IsStopped { get; private set; }

        public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            IsStopped = !stream.Take(key, location, inline);
            return !IsStopped;
        }
    }
}
