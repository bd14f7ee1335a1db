using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Reflection;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>FORMAT.md says what the code does.</summary>
public sealed class FormatLaws
{
    private static readonly Guid s_store = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly string[] s_lines = File.ReadAllLines(
        Path.Combine(GoldenLaws.RepositoryRoot, "plugins/Segments/FORMAT.md"));

    [Fact]
    public void Constants_are_the_documented_ones()
    {
        List<string[]> documented = [.. Table("| name | value |")];
        Assert.True(documented.Count >= 14);
        foreach (string[] row in documented)
        {
            string[] name = row[0].Trim('`').Split('.');
            FieldInfo constant = typeof(SegmentFormat).Assembly.GetType($"Mortise.Segments.{name[0]}")!.GetField(name[1])!;
            Assert.Equal(row[1], Convert.ToString(constant.GetRawConstantValue(), CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void A_segment_header_is_laid_out_as_documented()
    {
        byte[] page = SegmentHeader.Create(s_store, 77, SegmentEncoding.Packed, new Lsn(5));
        Fields fields = FieldsOf("header field", page);
        Assert.Equal(SegmentHeader.Bytes, fields.TotalBytes);
        Assert.Equal("MORT-SEG"u8.ToArray(), fields.Bytes("magic"));
        Assert.Equal(2ul, fields.Number("version"));
        Assert.Equal(4096ul, fields.Number("headerBytes"));
        Assert.Equal(s_store.ToByteArray(bigEndian: true), fields.Bytes("storeId"));
        Assert.Equal(77ul, fields.Number("number"));
        Assert.Equal(1ul, fields.Number("encoding"));
        Assert.Equal(5ul, fields.Number("firstLsn"));
        Assert.All(fields.Bytes("reserved"), b => Assert.Equal(0, b));
        Assert.Equal(XxHash3.HashToUInt64(page.AsSpan(0, 4088)), fields.Number("checksum"));
        Assert.Null(SegmentHeader.Problem(page, s_store, 77, SegmentEncoding.Packed, "f"));
    }

    [Fact]
    public void A_frame_is_laid_out_and_checked_as_documented()
    {
        byte[] body = [1, 2, 3, 4, 5];
        byte[] frame = new byte[32];
        RecordLocation location = new SegmentAddress(3, 4096).Location;
        Assert.Equal((3ul << 32) | 512, location.Value);
        FrameFormat.Write(frame, body, 48, new Lsn(1000), Place(location.Value));
        Fields fields = FieldsOf("frame field", frame);
        Assert.Equal(FrameFormat.HeaderBytes, fields.TotalBytes);
        Assert.Equal(5ul, fields.Number("length"));
        Assert.Equal(48ul, fields.Number("previous"));
        Assert.Equal(1000ul, fields.Number("lsn"));
        Assert.Equal(0ul, fields.Number("flags"));
        Assert.Equal(body, frame[24..29]);
        Assert.Equal(new byte[3], frame[29..]);
        Assert.Equal(XxHash3.HashToUInt64(frame.AsSpan(8)) ^ Place(location.Value), fields.Number("checksum"));
        Assert.True(FrameFormat.Verify(
            frame, SegmentFormat.PositionKey(SegmentFormat.StoreKey(s_store), location.Value)));
        foreach ((int length, int size) in ((int, int)[])[(1, 32), (8, 32), (9, 40), (409, 440)])
        {
            Assert.Equal(size, FrameFormat.Size(length));
        }
    }

    [Fact]
    public void Tombstones_are_laid_out_as_documented()
    {
        byte[] header = TombstoneFormat.CreateHeader(s_store, 9);
        Fields fields = FieldsOf("tombstone header field", header);
        Assert.Equal(TombstoneFormat.HeaderBytes, fields.TotalBytes);
        Assert.Equal("MORT-DEL"u8.ToArray(), fields.Bytes("magic"));
        Assert.Equal(2ul, fields.Number("version"));
        Assert.Equal(9ul, fields.Number("generation"));
        Assert.Equal(s_store.ToByteArray(bigEndian: true), fields.Bytes("storeId"));
        Assert.Equal(XxHash3.HashToUInt64(header.AsSpan(0, 32)), fields.Number("checksum"));

        ulong place = Place((9ul << 40) ^ 40 ^ (1ul << 63));
        byte[] block = TombstoneFormat.EncodeBlock(
            [300, 301], new Lsn(6), SegmentFormat.PositionKey(SegmentFormat.StoreKey(s_store), TombstoneFormat.Place(9, 40)));
        Fields parts = FieldsOf("block field", block);
        Assert.Equal(TombstoneFormat.BlockHeaderBytes, parts.TotalBytes);
        Assert.Equal(6ul, parts.Number("lsn"));
        Assert.Equal(2ul, parts.Number("count"));
        Assert.Equal(3ul, parts.Number("bodyBytes"));
        Assert.Equal([0xAC, 0x02, 1], block[24..]);
        Assert.Equal(XxHash3.HashToUInt64(block.AsSpan(8)) ^ place, parts.Number("checksum"));
        Assert.Equal(Mix(7 ^ parts.Number("checksum")), TombstoneFormat.Link(7, TombstoneFormat.BlockChecksum(block)));
    }

    [Fact]
    public void A_checkpoint_is_laid_out_as_documented()
    {
        var state = new CheckpointState
        {
            Sequence = 101,
            Lsn = new Lsn(102),
            Tombstones = new TombstonePosition(103, 104, 105, 106),
            Segments =
            [
                new SegmentEntry(2, 40, 8192, new RecordTotals(3, 4, 5, 6))
                {
                    Encoding = SegmentEncoding.Packed, IndexBytes = 48, FileEnd = 6000,
                },
                new(7, 32, 4128, default),
            ],
            Dropped = [1],
        };
        byte[] bytes = CheckpointFormat.Encode(state, s_store);
        Fields fields = FieldsOf("checkpoint field", bytes);
        Assert.Equal(CheckpointFormat.HeaderBytes, fields.TotalBytes);
        Assert.Equal("MORT-CKP"u8.ToArray(), fields.Bytes("magic"));
        Assert.Equal(2ul, fields.Number("version"));
        Assert.Equal(2ul, fields.Number("segments"));
        Assert.Equal(s_store.ToByteArray(bigEndian: true), fields.Bytes("storeId"));
        Assert.Equal(101ul, fields.Number("sequence"));
        Assert.Equal(102ul, fields.Number("lsn"));
        Assert.Equal(103ul, fields.Number("tombGeneration"));
        Assert.Equal(1ul, fields.Number("dropped"));
        Assert.Equal(104ul, fields.Number("tombEnd"));
        Assert.Equal(105ul, fields.Number("tombCount"));
        Assert.Equal(106ul, fields.Number("tombChain"));

        Fields entry = FieldsOf("entry field", bytes[80..144]);
        Assert.Equal(CheckpointFormat.EntryBytes, entry.TotalBytes);
        Assert.Equal(2ul, entry.Number("number"));
        Assert.Equal(40ul, entry.Number("lastFrameBytes"));
        Assert.Equal(8192ul, entry.Number("end"));
        Assert.Equal(3ul, entry.Number("liveRecords"));
        Assert.Equal(4ul, entry.Number("liveBytes"));
        Assert.Equal(5ul, entry.Number("deadRecords"));
        Assert.Equal(6ul, entry.Number("deadBytes"));
        Assert.Equal(1ul, entry.Number("encoding"));
        Assert.Equal(48ul, entry.Number("indexBytes"));
        Assert.Equal(6000ul, entry.Number("fileEnd"));
        Assert.Equal([1, 0, 0, 0], bytes[208..212]);
        Assert.Equal(XxHash3.HashToUInt64(bytes.AsSpan(0, 212)), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(212)));
        Assert.Equal(220, bytes.Length);

        CheckpointState read = CheckpointFormat.Decode(bytes, s_store, "f");
        Assert.Equal(state.Segments, read.Segments);
        Assert.Equal(state.Dropped, read.Dropped);
        Assert.Equal(state.Tombstones, read.Tombstones);
        Assert.Equal((state.Sequence, state.Lsn), (read.Sequence, read.Lsn));
    }

    [Fact]
    public void A_block_is_laid_out_as_documented()
    {
        byte[] frames = new byte[64];
        byte[] block = new byte[BlockFormat.MaxFileBytes(frames.Length)];
        ulong key = SegmentFormat.PositionKey(SegmentFormat.StoreKey(s_store), BlockFormat.Place(7, 8192));
        int size = BlockFormat.Write(block, frames, 4096, 5, key);
        Fields fields = FieldsOf("packed block field", block);
        Assert.Equal(BlockFormat.HeaderBytes, fields.TotalBytes);
        Assert.Equal(512ul, fields.Number("start"));
        Assert.Equal(64ul, fields.Number("imageBytes"));
        Assert.Equal(1ul, fields.Number("codec"));
        Assert.All(fields.Bytes("reserved"), b => Assert.Equal(0, b));
        int stored = (int)fields.Number("storedBytes");
        Assert.InRange(stored, 1, 63);
        Assert.Equal((24 + stored + 7) / 8 * 8, size);
        byte[] image = new byte[64];
        Assert.True(BrotliDecoder.TryDecompress(block.AsSpan(24, stored), image, out int written));
        Assert.Equal((64, frames.AsSpan().SequenceEqual(image)), (written, true));
        ulong place = Place(~((7ul << 32) | (8192 / 8)));
        Assert.Equal(XxHash3.HashToUInt64(block.AsSpan(8, size - 8)) ^ place, fields.Number("checksum"));

        new Random(1).NextBytes(frames);
        Assert.Equal(88, BlockFormat.Write(block, frames, 4096, 5, key));
        fields = FieldsOf("packed block field", block);
        Assert.Equal((0ul, 64ul), (fields.Number("codec"), fields.Number("storedBytes")));
        Assert.Equal(frames, block[24..88]);
    }

    [Fact]
    public void A_block_index_is_laid_out_as_documented()
    {
        BlockEntry[] entries = [new(4096, 4096, 64, 48), new(4160, 4144, 32, 56)];
        ulong key = SegmentFormat.PositionKey(SegmentFormat.StoreKey(s_store), BlockFormat.Place(7, 4200));
        byte[] index = BlockIndexFormat.Encode(entries, 4192, key);
        Fields entry = FieldsOf("index entry field", index[16..32]);
        Assert.Equal(BlockIndexFormat.EntryBytes, entry.TotalBytes);
        Assert.Equal(520ul, entry.Number("start"));
        Assert.Equal(518ul, entry.Number("place"));
        Assert.Equal(32ul, entry.Number("imageBytes"));
        Assert.Equal(56ul, entry.Number("fileBytes"));
        Fields trailer = FieldsOf("index trailer field", index[32..]);
        Assert.Equal(BlockIndexFormat.TrailerBytes, trailer.TotalBytes);
        Assert.Equal("MORT-IDX"u8.ToArray(), trailer.Bytes("magic"));
        Assert.Equal(2ul, trailer.Number("count"));
        Assert.Equal(0ul, trailer.Number("reserved"));
        Assert.Equal(4192ul, trailer.Number("end"));
        ulong place = Place(~((7ul << 32) | (4200 / 8)));
        Assert.Equal(XxHash3.HashToUInt64(index.AsSpan(0, 56)) ^ place, trailer.Number("checksum"));
        Assert.Equal(entries, BlockIndexFormat.TryDecode(index, 4200, 4192, key));
    }

    private static ulong Place(ulong place) => Mix(XxHash3.HashToUInt64(s_store.ToByteArray(bigEndian: true)) ^ place);

    private static ulong Mix(ulong z)
    {
        z ^= z >> 30;
        z = unchecked(z * 0xBF58476D1CE4E5B9);
        z ^= z >> 27;
        z = unchecked(z * 0x94D049BB133111EB);
        z ^= z >> 31;
        return z;
    }

    private static IEnumerable<string[]> Table(string head)
    {
        int start = Array.FindIndex(s_lines, line => line.StartsWith(head, StringComparison.Ordinal));
        Assert.True(start >= 0, $"FORMAT.md has no table that begins with {head}");
        return s_lines.Skip(start + 2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]);
    }

    private static Fields FieldsOf(string column, byte[] bytes)
    {
        var places = new Dictionary<string, (int Offset, int Size)>();
        int end = 0;
        foreach (string[] row in Table($"| offset | size | {column} |"))
        {
            int offset = int.Parse(row[0], CultureInfo.InvariantCulture);
            Assert.Equal(end, offset);
            int size = int.Parse(row[1], CultureInfo.InvariantCulture);
            places.Add(row[2], (offset, size));
            end = offset + size;
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
            wide.Clear();
            Bytes(name).CopyTo(wide);
            return BinaryPrimitives.ReadUInt64LittleEndian(wide);
        }
    }
}
