using System.Buffers.Binary;

namespace Mortise.BTreeIndex.Tests;

/// <summary>Keys and values of several shapes, small enough in number that they meet again.</summary>
internal sealed class RandomKeys(Random random, int maxKeyBytes, int maxValueBytes)
{
    private readonly int _shape = random.Next(6);
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
            default:
                byte[] mixed = new byte[1 + new Random(number).Next(number % 10 == 0 ? 200 : 20)];
                new Random(number).NextBytes(mixed);
                mixed[0] = (byte)(number % 2 == 0 ? 0xFF : 0);
                return mixed;
        }
    }

    public byte[] Value()
    {
        int length = _shape switch
        {
            0 or 3 => 8,
            1 => random.Next(4),
            _ => random.Next(20) == 0 ? random.Next(maxValueBytes + 1) : random.Next(16),
        };
        byte[] value = new byte[length];
        random.NextBytes(value);
        return value;
    }
}
