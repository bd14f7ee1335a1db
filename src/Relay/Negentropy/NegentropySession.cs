using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mortise.Relay;

/// <summary>One side of a reconciliation, the one that answers: negentropy protocol version 1, as NIP-77 uses
/// it.</summary>
/// <remarks>
/// <para>Ranges that have one fingerprint on both sides are skipped, others are split into sixteen, and small ones are
/// answered with their ids. The work of a message is bounded by the items and the message's length, whatever it
/// says.</para>
/// <para>Threads: one at a time.</para>
/// </remarks>
internal sealed class NegentropySession
{
    private const byte Version1 = 0x61;
    private const byte VersionMask = 0xF0;
    private const byte VersionBase = 0x60;
    private const int Buckets = 16;
    private const int FingerprintBytes = 16;

    // What may still follow when the limit of a message is looked at: a bound and a fingerprint.
    private const int Reserve = 200;

    private readonly NegentropyItem[] _items;
    private readonly int _maxBytes;

    /// <summary>Makes a session over a set of events.</summary>
    /// <param name="items">In any order; sorted here.</param>
    /// <param name="maxBytes">Bytes of an answer, 4096 and up.</param>
    public NegentropySession(NegentropyItem[] items, int maxBytes)
    {
        Array.Sort(items);
        _items = items;
        _maxBytes = maxBytes;
    }

    private enum Mode : ulong
    {
        Skip = 0,
        Fingerprint = 1,
        IdList = 2,
    }

    /// <summary>Events in the set.</summary>
    public int Count => _items.Length;

    /// <summary>Answers a message.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public byte[] Reconcile(ReadOnlySpan<byte> message)
    {
        var reader = new NegentropyReader(message);
        byte version = reader.ReadByte();
        if (version != Version1)
        {
            return (version & VersionMask) == VersionBase
                ? [Version1]
                : throw new FormatException("not a negentropy message");
        }

        var output = new NegentropyWriter();
        output.WriteByte(Version1);
        NegentropyBound lowerBound = NegentropyBound.Zero;
        int lower = 0;
        bool skips = false;
        while (!reader.IsAtEnd)
        {
            NegentropyBound bound = reader.ReadBound();
            int upper = Find(lower, bound);
            switch ((Mode)reader.ReadVarint())
            {
                case Mode.Skip:
                    skips = true;
                    break;
                case Mode.Fingerprint when reader.ReadBytes(FingerprintBytes)
                    .SequenceEqual(Fingerprint(lower, upper)):
                    skips = true;
                    break;
                case Mode.Fingerprint:
                    skips = WriteSkip(output, lowerBound, skips);
                    Split(output, lower, upper, bound);
                    break;
                case Mode.IdList:
                    reader.ReadBytes(CheckedIds(reader.ReadVarint()));
                    skips = WriteSkip(output, lowerBound, skips);
                    upper = WriteIds(output, lower, upper, ref bound);
                    break;
                default:
                    throw new FormatException("a range of an unknown mode");
            }

            if (output.Length > _maxBytes - Reserve)
            {
                // The rest is said in one fingerprint; the client asks on.
                output.WriteBound(NegentropyBound.End);
                output.WriteVarint((ulong)Mode.Fingerprint);
                output.WriteBytes(Fingerprint(upper, _items.Length));
                break;
            }

            lower = upper;
            lowerBound = bound;
        }

        return output.Written.ToArray();
    }

    private static ulong CheckedIds(ulong count) =>
        count > int.MaxValue / PublicKey.Bytes
            ? throw new FormatException($"a list of {count} ids")
            : count * PublicKey.Bytes;

    /// <summary>Says that everything up to a bound is equal, if that was not said yet.</summary>
    private static bool WriteSkip(NegentropyWriter output, in NegentropyBound bound, bool skips)
    {
        if (skips)
        {
            output.WriteBound(bound);
            output.WriteVarint((ulong)Mode.Skip);
        }

        return false;
    }

    /// <summary>Writes the ids of a range, as many as fit; then <paramref name="bound"/> is where they end.</summary>
    private int WriteIds(NegentropyWriter output, int lower, int upper, ref NegentropyBound bound)
    {
        int room = Math.Max(0, _maxBytes - Reserve - output.Length) / PublicKey.Bytes;
        if (upper - lower > room)
        {
            upper = lower + room;
            bound = NegentropyBound.Before(_items[upper]);
        }

        output.WriteBound(bound);
        WriteList(output, lower, upper);

        // What was left out is covered by the fingerprint that ends the message.
        return upper;
    }

    private void WriteList(NegentropyWriter output, int lower, int upper)
    {
        output.WriteVarint((ulong)Mode.IdList);
        output.WriteVarint((ulong)(upper - lower));
        for (int i = lower; i < upper; i++)
        {
            output.WriteId(_items[i].Id);
        }
    }

    private void Split(NegentropyWriter output, int lower, int upper, in NegentropyBound bound)
    {
        int count = upper - lower;
        if (count < 2 * Buckets)
        {
            output.WriteBound(bound);
            WriteList(output, lower, upper);
            return;
        }

        int from = lower;
        for (int i = 0; i < Buckets; i++)
        {
            int to = from + count / Buckets + (i < count % Buckets ? 1 : 0);
            output.WriteBound(to == upper ? bound : NegentropyBound.Between(_items[to - 1], _items[to]));
            output.WriteVarint((ulong)Mode.Fingerprint);
            output.WriteBytes(Fingerprint(from, to));
            from = to;
        }
    }

    /// <summary>The first item at or above a bound.</summary>
    private int Find(int from, in NegentropyBound bound)
    {
        int low = from;
        int high = _items.Length;
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (bound.IsAbove(_items[middle]))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The first 16 bytes of SHA-256 of the ids' sum, as little-endian numbers modulo 2^256, and their
    /// count.</summary>
    private byte[] Fingerprint(int from, int to)
    {
        Span<ulong> sum = stackalloc ulong[4];
        Span<byte> id = stackalloc byte[PublicKey.Bytes];
        sum.Clear();
        for (int i = from; i < to; i++)
        {
            _items[i].Id.Write(id);
            ulong carry = 0;
            for (int w = 0; w < sum.Length; w++)
            {
                UInt128 word = (UInt128)sum[w] + BinaryPrimitives.ReadUInt64LittleEndian(id[(8 * w)..]) + carry;
                sum[w] = (ulong)word;
                carry = (ulong)(word >> 64);
            }
        }

        var text = new NegentropyWriter();
        for (int w = 0; w < sum.Length; w++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(id[(8 * w)..], sum[w]);
        }

        text.WriteBytes(id);
        text.WriteVarint((ulong)(to - from));
        return SHA256.HashData(text.Written)[..FingerprintBytes];
    }
}
