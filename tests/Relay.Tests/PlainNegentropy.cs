using System.Numerics;
using System.Security.Cryptography;

namespace Mortise.Relay.Tests;

/// <summary>The asking side of negentropy version 1, written for plainness from the specification, and sharing no code
/// with the answering side.</summary>
internal sealed class PlainNegentropy
{
    private readonly List<(ulong Time, byte[] Id)> _items;
    private ulong _timeIn;
    private ulong _timeOut;
    private int _at;

    public PlainNegentropy(IEnumerable<NegentropyItem> items) => _items =
    [
        .. items.Select(i => (i.CreatedAt, Convert.FromHexString(i.Id.ToString())))
            .OrderBy(i => i.CreatedAt).ThenBy(i => Convert.ToHexString(i.Item2), StringComparer.Ordinal),
    ];

    public HashSet<string> Need { get; } = [];

    public HashSet<string> Have { get; } = [];

    public byte[] First()
    {
        var output = new List<byte> { 0x61 };
        _timeOut = 0;
        Bound(output, ulong.MaxValue, []);
        output.Add(1);
        output.AddRange(Fingerprint(0, _items.Count));
        return [.. output];
    }

    /// <summary>Takes an answer.</summary>
    /// <returns>What to ask next; null when there is nothing left to ask.</returns>
    public byte[]? Next(byte[] answer)
    {
        _timeIn = 0;
        _timeOut = 0;
        _at = 1;
        Assert.Equal(0x61, answer[0]);
        var output = new List<byte> { 0x61 };
        int lower = 0;
        (ulong Time, byte[] Prefix) lowerBound = (0, []);
        bool skips = false;
        while (_at < answer.Length)
        {
            ulong coded = Varint(answer);
            _timeIn = coded == 0 || _timeIn == ulong.MaxValue ? ulong.MaxValue : _timeIn + coded - 1;
            byte[] prefix = Take(answer, (int)Varint(answer));
            int upper = lower;
            while (upper < _items.Count && IsBelow(_items[upper], _timeIn, prefix))
            {
                upper++;
            }

            switch (Varint(answer))
            {
                case 0:
                    skips = true;
                    break;
                case 1 when Take(answer, 16).SequenceEqual(Fingerprint(lower, upper)):
                    skips = true;
                    break;
                case 1:
                    WriteSkip();
                    Split(output, lower, upper, _timeIn, prefix);
                    break;
                case 2:
                    var theirs = new HashSet<string>();
                    for (ulong n = Varint(answer); n > 0; n--)
                    {
                        theirs.Add(Convert.ToHexStringLower(Take(answer, 32)));
                    }

                    for (int i = lower; i < upper; i++)
                    {
                        string id = Convert.ToHexStringLower(_items[i].Id);
                        if (!theirs.Remove(id))
                        {
                            Have.Add(id);
                        }
                    }

                    Need.UnionWith(theirs);
                    skips = true;
                    break;
                default:
                    Assert.Fail("an unknown mode");
                    break;
            }

            lower = upper;
            lowerBound = (_timeIn, prefix);
        }

        return output.Count == 1 ? null : [.. output];

        void WriteSkip()
        {
            if (skips)
            {
                Bound(output, lowerBound.Time, lowerBound.Prefix);
                output.Add(0);
                skips = false;
            }
        }
    }

    private void Split(List<byte> output, int lower, int upper, ulong time, byte[] prefix)
    {
        int count = upper - lower;
        if (count < 32)
        {
            Bound(output, time, prefix);
            output.Add(2);
            Write(output, (ulong)count);
            for (int i = lower; i < upper; i++)
            {
                output.AddRange(_items[i].Id);
            }

            return;
        }

        int from = lower;
        for (int part = 1; part <= 16; part++)
        {
            int to = lower + count * part / 16;
            if (to == upper)
            {
                Bound(output, time, prefix);
            }
            else
            {
                Bound(output, _items[to].Time, _items[to].Id);
            }

            output.Add(1);
            output.AddRange(Fingerprint(from, to));
            from = to;
        }
    }

    private byte[] Fingerprint(int from, int to)
    {
        BigInteger sum = BigInteger.Zero;
        for (int i = from; i < to; i++)
        {
            sum += new BigInteger(_items[i].Id, isUnsigned: true);
        }

        sum %= BigInteger.One << 256;
        byte[] little = sum.ToByteArray(isUnsigned: true);
        var text = new List<byte>(little);
        text.AddRange(new byte[32 - little.Length]);
        Write(text, (ulong)(to - from));
        return SHA256.HashData([.. text])[..16];
    }

    private static bool IsBelow((ulong Time, byte[] Id) item, ulong time, byte[] prefix)
    {
        byte[] padded = new byte[32];
        prefix.CopyTo(padded, 0);
        return item.Time < time || (item.Time == time && item.Id.AsSpan().SequenceCompareTo(padded) < 0);
    }

    private void Bound(List<byte> output, ulong time, byte[] prefix)
    {
        Write(output, time == ulong.MaxValue ? 0 : time - _timeOut + 1);
        _timeOut = time;
        Write(output, (ulong)prefix.Length);
        output.AddRange(prefix);
    }

    private static void Write(List<byte> output, ulong value)
    {
        var digits = new Stack<byte>();
        digits.Push((byte)(value & 127));
        while ((value >>= 7) > 0)
        {
            digits.Push((byte)(value & 127 | 128));
        }

        output.AddRange(digits);
    }

    private ulong Varint(byte[] from)
    {
        ulong value = 0;
        while (true)
        {
            byte next = from[_at++];
            value = value << 7 | (uint)(next & 127);
            if (next < 128)
            {
                return value;
            }
        }
    }

    private byte[] Take(byte[] from, int count)
    {
        byte[] taken = from[_at..(_at + count)];
        _at += count;
        return taken;
    }
}
