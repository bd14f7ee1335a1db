using System.Reflection;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Logging;
using Mortise.Wal.Examination;

namespace Mortise.Wal.Tests;

/// <summary>Logs that were written by the first version. UPDATE_GOLDEN=1 writes them anew, for a new version
/// only.</summary>
public class GoldenTests
{
    private static readonly string s_folder = Path.Combine(
        typeof(GoldenTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!, "tests/Wal.Tests/golden");

    [Theory]
    [InlineData(WalChecksum.Crc64, true)]
    [InlineData(WalChecksum.Crc32C, true)]
    [InlineData(WalChecksum.XxHash3, false)]
    public void A_log_of_version_1_opens_and_is_still_written_the_same(WalChecksum checksum, bool close)
    {
        using SimWorld written = Write(checksum, close, out List<byte[]> payloads);
        string folder = Path.Combine(s_folder, $"v1-{checksum}".ToLowerInvariant());
        string[] paths = [.. written.Disk.FilePaths().Where(p => !p.EndsWith("lock", StringComparison.Ordinal))];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(folder);
            foreach (string path in paths)
            {
                File.WriteAllBytes(GoldenOf(folder, path), written.Disk.ReadAllBytes(path));
            }
        }

        Assert.Equal(paths.Select(p => GoldenOf(folder, p)).Order(), Directory.GetFiles(folder).Order());
        using SimWorld read = Logs.World(1);
        foreach (string path in paths)
        {
            byte[] golden = File.ReadAllBytes(GoldenOf(folder, path));
            bool isSame = golden.AsSpan().SequenceEqual(written.Disk.ReadAllBytes(path));
            Assert.True(isSame, $"{path} is written differently");
            read.Directory(Logs.Instance).Open(path["wal/".Length..], Files.FileIntent.CreateNew).Dispose();
            read.Disk.Overwrite(path, golden);
        }

        var findings = new List<Finding>();
        new WalExaminer().Examine(read.Directory("wal"), read.StoreId, findings.Add, default);
        Assert.Empty(findings);
        IWriteAheadLog log = Logs.Open(read);
        Assert.Equal(close, log.Recovery.WasClean);
        Assert.Equal(payloads, log.ReplayAll());
        Assert.Equal((ulong)payloads.Count + 1, log.Append([1]).Value);
        log.Close();
    }

    private static SimWorld Write(WalChecksum checksum, bool close, out List<byte[]> payloads)
    {
        SimWorld world = Logs.World(1);
        IWriteAheadLog log = Logs.Open(world, Logs.Small(checksum, recycled: 0, prewrite: 0));
        payloads = [];
        foreach (int size in (int[])[1, 7, 8, 9, 60_000, 300, 2_000])
        {
            byte[] payload = new byte[size];
            for (int i = 0; i < size; i++)
            {
                payload[i] = (byte)((i * 7) + size);
            }

            payloads.Add(payload);
            world.Clock.Advance(TimeSpan.FromMilliseconds(1.5));
            log.Append(payload);
            if (size % 2 == 0)
            {
                log.Sync();
            }
        }

        if (close)
        {
            log.Close();
        }

        return world;
    }

    private static string GoldenOf(string folder, string path) =>
        Path.Combine(folder, path["wal/".Length..] + ".bin");
}
