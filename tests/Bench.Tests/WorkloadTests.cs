using System.Security.Cryptography;
using Mortise.Bench.Workload;
using Mortise.Nostr;

namespace Mortise.Bench.Tests;

public sealed class WorkloadTests
{
    // The digests are of the files that bench/rivals/genworkload writes, which is C++.
    [Theory]
    [InlineData(
        1,
        "1f95e6d5a8a37e8587bfeaec7a851208748682d92946b11bf5ac442eb9e1c03d",
        "6f8d366a9c528d4e2afc34fb4ac059ca04fa3a721998dab01db1d5e99d11cbbc")]
    [InlineData(
        1000,
        "0e44c654aae85efa349508adc6c283f3a37775a7cce6475075d0fef37325a914",
        "2a8eb9baa5f50f37be7e24d91ec33644733e27ce40f66261c1820ac9dbbcd45c")]
    [InlineData(
        30000,
        "ff96ac6f51c3d8fbf9561f51f4d8894e5d6391237d3a05cbed6c964dc13c2c03",
        "aa6e3042d97134e9701e78bf20eeb54240edeafade4b3efe7733936f56736ce6")]
    public void The_generated_files_are_those_of_the_rivals_byte_for_byte(int count, string events, string queries)
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, count, 42);
        Assert.Equal(events, Digest(Path.Combine(folder.Path, WorkloadFile.FileName)));
        Assert.Equal(queries, Digest(Path.Combine(folder.Path, QueryFile.FileName)));
    }

    [Fact]
    public void An_event_gives_its_body_back_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, 2000, 7);
        using WorkloadFile file = WorkloadFile.Open(folder.Path);
        ReadOnlySpan<byte> all = File.ReadAllBytes(Path.Combine(folder.Path, WorkloadFile.FileName));
        var tags = new TagListWriter();
        Span<byte> body = new byte[4096];
        long position = 0;
        for (long i = 0; i < file.Count; i++)
        {
            long before = Math.Max(position, WorkloadFormat.HeaderBytes);
            NostrEvent @event = file.Read(ref position).ToEvent(tags);
            int length = WorkloadEvent.WriteBody(@event.View, body);
            Assert.Equal(position - before - sizeof(uint), length);
            Assert.True(body[..length].SequenceEqual(all.Slice((int)before + sizeof(uint), length)), $"event {i}");
        }

        Assert.Equal(all.Length, position);
    }

    [Fact]
    public void A_file_that_was_cut_anywhere_is_refused_and_never_read_beyond_its_end()
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, 3, 1);
        string path = Path.Combine(folder.Path, WorkloadFile.FileName);
        byte[] all = File.ReadAllBytes(path);
        for (int length = 0; length < all.Length; length++)
        {
            File.WriteAllBytes(path, all[..length]);
            Assert.ThrowsAny<InvalidDataException>(() =>
            {
                using WorkloadFile file = WorkloadFile.Open(folder.Path);
                long position = 0;
                for (long i = 0; i < file.Count; i++)
                {
                    file.Read(ref position);
                }
            });
        }
    }

    [Fact]
    public void Queries_that_were_cut_are_refused()
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, 10, 1);
        string path = Path.Combine(folder.Path, QueryFile.FileName);
        byte[] all = File.ReadAllBytes(path);
        foreach (int length in (int[])[0, 7, 15, 20, 31, 40, all.Length / 2, all.Length - 1])
        {
            File.WriteAllBytes(path, all[..length]);
            Assert.Throws<InvalidDataException>(() => QueryFile.Read(folder.Path));
        }
    }

    private static string Digest(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
