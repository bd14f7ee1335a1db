using System.Reflection;
using System.Security.Cryptography;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

public class FormatTests
{
    private static readonly string s_root = typeof(FormatTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value!;

    private static string GoldenPath(int version) =>
        Path.Combine(s_root, "tests", "BTreeIndex.Tests", "golden", $"mortise-btree-v{version}.bin");

    [Fact]
    public void The_specification_and_the_code_agree_on_every_field()
    {
        string format = File.ReadAllText(Path.Combine(s_root, "plugins", "BTreeIndex", "FORMAT.md"));
        (string Name, int Offset, int End)[] fields =
        [
            ("checksum", PageFormat.ChecksumOffset, PageFormat.PageOffset),
            ("page", PageFormat.PageOffset, PageFormat.TypeOffset),
            ("type", PageFormat.TypeOffset, PageFormat.LevelOffset),
            ("level", PageFormat.LevelOffset, PageFormat.CountOffset),
            ("count", PageFormat.CountOffset, PageFormat.OwnerOffset),
            ("owner", PageFormat.OwnerOffset, PageFormat.OrdinalOffset),
            ("ordinal", PageFormat.OrdinalOffset, PageFormat.PrefixOffset),
            ("prefix", PageFormat.PrefixOffset, PageFormat.FlagsOffset),
            ("flags", PageFormat.FlagsOffset, PageFormat.ReservedOffset),
            ("reserved", PageFormat.ReservedOffset, PageFormat.RankOffset),
            ("rank", PageFormat.RankOffset, PageFormat.TombstonesOffset),
            ("tombstones", PageFormat.TombstonesOffset, PageFormat.KeyBytesOffset),
            ("keyBytes", PageFormat.KeyBytesOffset, PageFormat.ValueBytesOffset),
            ("valueBytes", PageFormat.ValueBytesOffset, PageFormat.UsedOffset),
            ("used", PageFormat.UsedOffset, PageFormat.HeaderBytes),
            ("magic", MetaRecord.MagicOffset, MetaRecord.VersionOffset),
            ("formatVersion", MetaRecord.VersionOffset, MetaRecord.PageBytesOffset),
            ("pageBytes", MetaRecord.PageBytesOffset, MetaRecord.StoreIdOffset),
            ("storeId", MetaRecord.StoreIdOffset, MetaRecord.EpochOffset),
            ("epoch", MetaRecord.EpochOffset, MetaRecord.LsnOffset),
            ("lsn", MetaRecord.LsnOffset, MetaRecord.NextRunOffset),
            ("nextRun", MetaRecord.NextRunOffset, MetaRecord.PageCountOffset),
            ("pageCount", MetaRecord.PageCountOffset, MetaRecord.DirectoryStartOffset),
            ("directoryStart", MetaRecord.DirectoryStartOffset, MetaRecord.DirectoryPagesOffset),
            ("directoryPages", MetaRecord.DirectoryPagesOffset, MetaRecord.DirectoryBytesOffset),
            ("directoryBytes", MetaRecord.DirectoryBytesOffset, MetaRecord.End),
        ];
        int rows = format.Split('\n').Count(line => line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2]));
        Assert.Equal(fields.Length, rows);
        Assert.All(fields, f => Assert.Contains($"\n| {f.Offset} | {f.End - f.Offset} | {f.Name} |", format, StringComparison.Ordinal));
        Assert.Contains($"{PageFormat.FormatName}, format version {PageFormat.FormatVersion}\n", format, StringComparison.Ordinal);
        Assert.Contains("`" + System.Text.Encoding.ASCII.GetString(MetaRecord.Magic) + "`", format, StringComparison.Ordinal);
        Assert.Contains($"about {PointFilter.BitsPerKey} bits an entry", format, StringComparison.Ordinal);
        Assert.Contains($"blocks of {PointFilter.BlockBytes} bytes", format, StringComparison.Ordinal);
    }

    /// <summary>Goal: today's code writes what this version has always been, and reads it. Method: a small file with
    /// every page type and every shape of leaves, byte for byte. UPDATE_FORMATS=1 writes the golden file
    /// anew.</summary>
    [Fact]
    public void The_golden_file_is_written_and_read_as_ever()
    {
        BatchMaker first = FirstOfVersion2();
        for (int i = 0; i < 600; i++)
        {
            // Keys of nobody in particular that end with locations in a segment, and timelines that end with any bytes.
            byte[] hash = SHA256.HashData(IndexBench.Key(i));
            first.Set([0xFF, 0xFE, .. hash.AsSpan(0, 22), 0, 0, 0, 3, 0, (byte)(i >> 6), (byte)(i << 2), (byte)(37 * i)], []);
            first.Set([0xFF, 0xFF, .. Enumerable.Repeat((byte)(i / 20), 31), .. hash.AsSpan(8)], []);
        }

        byte[] written = Write(first, Second());
        if (Environment.GetEnvironmentVariable("UPDATE_FORMATS") == "1")
        {
            File.WriteAllBytes(GoldenPath(PageFormat.FormatVersion), written);
        }

        byte[] golden = File.ReadAllBytes(GoldenPath(PageFormat.FormatVersion));
        Assert.True(golden.AsSpan().SequenceEqual(written), "the file that is written now differs from the golden file");
        HashSet<(byte Type, byte Flags)> seen = [];
        for (int page = 0; page < golden.Length; page += 4096)
        {
            seen.Add((golden[page + PageFormat.TypeOffset], golden[page + PageFormat.FlagsOffset]));
        }

        Assert.Superset(
            new HashSet<(byte, byte)>
            {
                (1, 0), (2, 0), (3, 0), (3, PageFormat.UniformFlag), (3, PageFormat.UniformFlag | PageFormat.StemsFlag),
                (3, PageFormat.UniformFlag | PageFormat.EndsFlag),
                (3, PageFormat.UniformFlag | PageFormat.StemsFlag | PageFormat.EndsFlag), (4, 0), (5, 0),
            },
            seen);
        AssertReads(golden, first, Second());
    }

    [Fact]
    public void A_file_of_version_1_is_read()
    {
        byte[] golden = File.ReadAllBytes(GoldenPath(1));
        AssertReads(golden, First(), Second());
    }

    private static BatchMaker First()
    {
        BatchMaker batch = new();
        for (int i = 0; i < 300; i++)
        {
            batch.Set(IndexBench.Key(i * 1000), IndexBench.Value(i));
        }

        return batch;
    }

    [Fact]
    public void A_file_of_version_2_is_read()
    {
        byte[] golden = File.ReadAllBytes(GoldenPath(2));
        AssertReads(golden, FirstOfVersion2(), Second());
    }

    private static BatchMaker FirstOfVersion2()
    {
        BatchMaker first = First();
        for (int i = 0; i < 600; i++)
        {
            // Thirty timelines: keys that share 33 bytes and differ in the rest.
            first.Set([0xFF, .. Enumerable.Repeat((byte)(i / 20), 32), .. IndexBench.Key(i).AsSpan(16, 24)], []);
        }

        return first;
    }

    private static BatchMaker Second() =>
        new BatchMaker().Remove(IndexBench.Key(5000)).Set([1], []).Set([1, 0], [1, 2, 3]).Set(IndexBench.Key(7000), [7]);

    private static byte[] Write(BatchMaker first, BatchMaker second)
    {
        using SimWorld world = new(3, new SimDiskOptions { KeepLog = false });
        BTreeIndexFamily index =
            BTreeIndexOpener.Open(world.Context("index"), new BTreeIndexOptions { PageSize = ByteSize.KiB(4) }, default);
        first.ApplyTo(index, 1);
        world.Background.Complete(index.CheckpointAsync());
        second.ApplyTo(index, 2);
        world.Background.Complete(index.CheckpointAsync());
        world.Background.Complete(index.DisposeAsync());
        return world.Disk.ReadAllBytes(FileChecks.Path);
    }

    private static void AssertReads(byte[] golden, BatchMaker first, BatchMaker second)
    {
        using SimWorld world = new(4, new SimDiskOptions { KeepLog = false });
        using (Files.IStorageFile file = world.Directory("index").Open(PageFormat.FileName, Files.FileIntent.CreateNew))
        {
            file.Write(golden, 0);
        }

        Assert.Empty(FileChecks.Examine(world));
        BTreeIndexFamily opened = BTreeIndexOpener.Open(world.Context("index"), new BTreeIndexOptions(), default);
        Assert.Equal(2u, opened.DurableLsn.Value);
        using IIndexSnapshot snapshot = opened.OpenSnapshot();
        Oracle.AssertEqual(Oracle.Empty.With(first).With(second), snapshot);
    }
}
