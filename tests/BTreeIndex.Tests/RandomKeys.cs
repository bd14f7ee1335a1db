using System.Buffers.Binary;

namespace Mortise.BTreeIndex.Tests;

/// <summary>Keys and values of several shapes, small enough in number that they meet again.</summary>
internal sealed class RandomKeys(Random random, int maxKeyBytes, int maxValueBytes)
{
    private readonly int _shape = random.Next(12);
    private readonly int _values = random.Next(6);
    private readonly int _universe = random.Next(2) == 0 ? 300 : 20_000;

    public byte[] Key()
    {
        int number = random.Next(_universe);
        switch (_shape)
        {
            case 0:
                // One length, a long common prefix: an author's timeline.
                byte[] key = new byte[40];
                key.AsSpan(0, 32).Fill((byte)(number % 3));
                BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(32), number);
                return key;
            case 1:
                // Any length, few values: prefixes of each other, zeros at the end.
                byte[] nested = new byte[1 + (number % 12)];
                for (int i = 0; i < nested.Length; i++)
                {
                    nested[i] = (byte)((number >> (i % 5)) & 1);
                }

                return nested;
            case 2:
                // As long as keys get.
                byte[] longest = new byte[maxKeyBytes - (number % 3)];
                longest.AsSpan().Fill((byte)(number % 7));
                BinaryPrimitives.WriteInt32BigEndian(longest.AsSpan(number % 2 == 0 ? longest.Length - 4 : 20), number);
                return longest;
            case 3:
                // Many timelines with few entries each.
                byte[] timeline = new byte[48];
                timeline.AsSpan(0, 32).Fill((byte)(number % 200));
                BinaryPrimitives.WriteInt64BigEndian(timeline.AsSpan(36), number);
                return timeline;
            case 4:
                byte[] hashed = new byte[32];
                new Random(number).NextBytes(hashed);
                return hashed;
            case 5:
                // A key and its extensions by zeros, around the eight bytes that are compared first.
                byte[] zeros = new byte[1 + (number % 40)];
                zeros[0] = (byte)(number / 40 % 3);
                return zeros;
            case 6:
                // The last of all keys, and those before it.
                byte[] full = new byte[1 + (number % 40)];
                full.AsSpan().Fill(0xFF);
                full[number % full.Length] -= (byte)(number % 2);
                return full;
            case 7:
                // Keys that are the start of others, as long as keys get.
                return new byte[1 + (number % maxKeyBytes)];
            case 8:
                // Many owners with one entry each, and one with nearly all.
                byte[] owner = new byte[32 + 16];
                new Random(number % 5 == 0 ? number : 0).NextBytes(owner.AsSpan(0, 32));
                BinaryPrimitives.WriteInt64BigEndian(owner.AsSpan(40), number);
                return owner;
            case 9:
                // Two lengths by turns: what one length saves is lost.
                byte[] turns = new byte[48 + (number % 64 == 0 ? 1 : 0)];
                new Random(number / 50).NextBytes(turns.AsSpan(0, 32));
                BinaryPrimitives.WriteInt64BigEndian(turns.AsSpan(32), number);
                return turns;
            case 10:
                byte[] any = new byte[1 + new Random(number).Next(number % 30 == 0 ? maxKeyBytes : 12)];
                new Random(number).NextBytes(any);
                return any;
            default:
                byte[] mixed = new byte[1 + new Random(number).Next(number % 10 == 0 ? 200 : 20)];
                new Random(number).NextBytes(mixed);
                mixed[0] = (byte)(number % 2 == 0 ? 0xFF : 0);
                return mixed;
        }
    }

    public byte[] Value()
    {
        int length = _values switch
        {
            0 => 0,
            1 => 8,
            2 => random.Next(4),
            3 => random.Next(2) == 0 ? 0 : maxValueBytes,
            4 => random.Next(2) * 8,
            _ => random.Next(20) == 0 ? random.Next(maxValueBytes + 1) : random.Next(16),
        };
        byte[] value = new byte[length];
        if (random.Next(2) == 0)
        {
            random.NextBytes(value);
        }

        return value;
    }
}
