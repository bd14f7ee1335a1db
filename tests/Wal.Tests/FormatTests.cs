using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Reflection;
using Mortise.Primitives;
using Mortise.Wal.Format;

namespace Mortise.Wal.Tests;

/// <summary>FORMAT.md says what the code does.</summary>
public class FormatTests
{
    private static readonly Guid s_store = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly string[] s_lines = File.ReadAllLines(Path.Combine(
        typeof(FormatTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!, "plugins/Wal/FORMAT.md"));

    [Fact]
    public void Constants_are_the_documented_ones()
    {
        Dictionary<string, string> documented = Table("| name | value |")
            .ToDictionary(r => r[0].Trim('`'), r => r[1]);
        Assert.True(documented.Count >= 8);
        foreach ((string name, string value) in documented)
        {
            FieldInfo constant = typeof(WalFormat).GetField(name)!;
            Assert.Equal(value, Convert.ToString(constant.GetRawConstantValue(), CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void A_slot_is_laid_out_as_documented()
    {
        var state = new ControlState
        {
            StoreId = s_store,
            Generation = 101,
            Oldest = 102,
            Active = 103,
            IsClean = true,
            LastLsn = 104,
            End = 105,
            DurableLsn = 106,
            TimeMicroseconds = 107,
        };
        byte[] slot = new byte[WalFormat.SlotBytes];
        state.Write(slot);
        Fields fields = FieldsOf("slot field", slot);
        Assert.Equal(WalFormat.SlotBytes, fields.TotalBytes);
        Assert.Equal("MRTSWALC"u8.ToArray(), fields.Bytes("magic"));
        Assert.Equal(1ul, fields.Number("version"));
        Assert.Equal(1ul, fields.Number("flags"));
        Assert.Equal(s_store.ToByteArray(bigEndian: true), fields.Bytes("storeId"));
        Assert.Equal(101ul, fields.Number("generation"));
        Assert.Equal(102ul, fields.Number("oldest"));
        Assert.Equal(103ul, fields.Number("active"));
        Assert.Equal(104ul, fields.Number("lastLsn"));
        Assert.Equal(105ul, fields.Number("end"));
        Assert.Equal(106ul, fields.Number("durableLsn"));
        Assert.Equal(107ul, fields.Number("time"));
        Assert.All(fields.Bytes("reserved"), b => Assert.Equal(0, b));
        Assert.Equal(Crc64.HashToUInt64(slot.AsSpan(0, 504)), fields.Number("checksum"));
        Assert.Equal(state, ControlState.Read(slot, 1, "control", s_store));
        Assert.Null(ControlState.Read(slot, 0, "control", s_store));
    }

    [Fact]
    public void A_segment_header_is_laid_out_as_documented()
    {
        SegmentHeader header = Header();
        byte[] block = new byte[WalFormat.HeaderBytes];
        header.Write(block);
        Fields fields = FieldsOf("header field", block);
        Assert.Equal(WalFormat.HeaderBytes, fields.TotalBytes);
        Assert.Equal("MRTSWALS"u8.ToArray(), fields.Bytes("magic"));
        Assert.Equal(1ul, fields.Number("version"));
        Assert.Equal(3ul, fields.Number("flags"));
        Assert.Equal(s_store.ToByteArray(bigEndian: true), fields.Bytes("storeId"));
        Assert.Equal(7ul, fields.Number("sequence"));
        Assert.Equal(8ul, fields.Number("salt"));
        Assert.Equal(9ul, fields.Number("firstLsn"));
        Assert.Equal(5ul, fields.Number("durableLsn"));
        Assert.Equal(6ul, fields.Number("previous"));
        Assert.Equal(10ul, fields.Number("time"));
        Assert.Equal(1ul, fields.Number("checksumKind"));
        Assert.All(fields.Bytes("reserved"), b => Assert.Equal(0, b));
        Assert.Equal(Crc64.HashToUInt64(block.AsSpan(0, 4088)), fields.Number("checksum"));
        Assert.Equal(8ul, SegmentHeader.Read(block, "f", 7, s_store).Salt);
    }

    [Theory]
    [InlineData(WalChecksum.Crc64)]
    [InlineData(WalChecksum.Crc32C)]
    [InlineData(WalChecksum.XxHash3)]
    public void A_frame_is_laid_out_and_checked_as_documented(WalChecksum kind)
    {
        const long offset = 4096 + 80;
        byte[] payload = [1, 2, 3, 4, 5];
        FrameChecksum checksum = Header(kind).FrameChecksum;
        byte[] frame = new byte[48];
        payload.CopyTo(frame, 40);
        ulong place = FrameHeader.WriteHead(frame, checksum, offset, lsn: 1000, durable: 990, 77, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(frame, checksum.OfFrame(place, frame.AsSpan(8, 37)));

        Fields fields = FieldsOf("frame field", frame);
        Assert.Equal(5ul, fields.Number("length"));
        Assert.Equal(1000ul, fields.Number("lsn"));
        Assert.Equal(10ul, fields.Number("claim"));
        Assert.Equal(1ul, fields.Number("type"));
        Assert.Equal(0ul, fields.Number("flags"));
        Assert.Equal(77ul, fields.Number("time"));
        Assert.Equal(40, fields.TotalBytes);

        // The same again from the prose.
        byte[] identity = new byte[32];
        s_store.TryWriteBytes(identity, bigEndian: true, out _);
        identity[16] = 7;
        identity[24] = 8;
        ulong z = unchecked(XxHash3.HashToUInt64(identity) + ((ulong)offset * 0x9E3779B97F4A7C15));
        z ^= z >> 30;
        z = unchecked(z * 0xBF58476D1CE4E5B9);
        z ^= z >> 27;
        z = unchecked(z * 0x94D049BB133111EB);
        z ^= z >> 31;
        Assert.Equal(z, place);
        byte[] placeBytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(placeBytes, z);
        Assert.Equal(Crc32C.Of(placeBytes, frame.AsSpan(12, 28)), (uint)fields.Number("headerCheck"));
        ReadOnlySpan<byte> covered = frame.AsSpan(8, 37);
        ulong sum = kind switch
        {
            WalChecksum.Crc64 => Crc64.HashToUInt64(covered),
            WalChecksum.Crc32C => Crc32C.Of(covered),
            _ => XxHash3.HashToUInt64(covered),
        };
        Assert.Equal(sum ^ z, fields.Number("check"));
        Assert.Equal(fields.Number("check"), checksum.OfFrame(place, frame.AsSpan(8, 32), payload));
    }

    [Fact]
    public void Equal_payloads_at_different_places_have_different_checks()
    {
        FrameChecksum checksum = Header().FrameChecksum;
        var seen = new HashSet<ulong>();
        for (long offset = 4096; offset < 4096 + (8 * 100_000); offset += 8)
        {
            Assert.True(seen.Add(checksum.Place(offset)));
        }
    }

    private static SegmentHeader Header(WalChecksum kind = WalChecksum.Crc64) => new()
    {
        StoreId = s_store,
        Sequence = 7,
        Salt = 8,
        FirstLsn = 9,
        DurableLsn = 5,
        Previous = 6,
        TimeMicroseconds = 10,
        Checksum = kind,
        IsRestart = true,
        IsRecycled = true,
    };

    private static IEnumerable<string[]> Table(string head)
    {
        int start = Array.FindIndex(s_lines, l => l.StartsWith(head, StringComparison.Ordinal));
        Assert.True(start >= 0, $"FORMAT.md has no table that begins with {head}");
        return s_lines.Skip(start + 2).TakeWhile(l => l.StartsWith('|'))
            .Select(l => l.Split('|', StringSplitOptions.TrimEntries)[1..^1]);
    }

    private static Fields FieldsOf(string column, byte[] bytes)
    {
        var places = new Dictionary<string, (int Offset, int Size)>();
        int end = 0;
        foreach (string[] row in Table($"| offset | size | {column} |"))
        {
            int offset = int.Parse(row[0], CultureInfo.InvariantCulture);
            Assert.Equal(end, offset);
            if (int.TryParse(row[1], CultureInfo.InvariantCulture, out int size))
            {
                places.Add(row[2], (offset, size));
                end = offset + size;
            }
        }

        return new Fields(bytes, places, end);
    }

    private sealed class Fields(byte[] bytes, Dictionary<string, (int Offset, int Size)> places, int totalBytes)
    {
        public int TotalBytes { get; } = totalBytes;

        public byte[] Bytes(string name) => bytes.AsSpan(places[name].Offset, places[name].Size).ToArray();

        public ulong Number(string name)
        {
            Span<byte> wide = stackalloc byte[8];
            Bytes(name).CopyTo(wide);
            Assert.True(places[name].Size <= 8);
            return BinaryPrimitives.ReadUInt64LittleEndian(wide);
        }
    }
}
