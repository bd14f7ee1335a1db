using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine.Tests.Commit;

public sealed class CommitFormatTests
{
    private static readonly byte[] s_example = Convert.FromHexString(
        "0101020110000000000000000" + "2ABCD020800000000000000");

    private static readonly byte[] s_drop = Convert.FromHexString(
        "03010203FFFFFFFFFFFFFFFF0500000000000000" + "180000000000000003" + "020800000000000000");

    private static readonly byte[] s_deletingDrop = Convert.FromHexString(
        "02010203FFFFFFFFFFFFFFFF0500000000000000" + "020800000000000000");

    private static readonly byte[] s_reference = Convert.FromHexString(
        "04010206041000000000000000" + "02EFCDAB8967452301" + "020800000000000000");

    private static readonly byte[][] s_examples = [s_example, s_drop, s_deletingDrop, s_reference];

    private readonly CommitContent _commit = new();

    [Fact]
    public void The_example_in_the_specification_is_what_the_code_writes()
    {
        byte[] buffer = new byte[64];
        int at = CommitFormat.WriteHeader(buffer, unixMilliseconds: 1, operations: 2);
        at += CommitFormat.WritePut(buffer.AsSpan(at), new RecordLocation(0x10), [0xAB, 0xCD]);
        at += CommitFormat.WriteDelete(buffer.AsSpan(at), new RecordLocation(0x08));
        Assert.Equal(Convert.ToHexString(s_example), Convert.ToHexString(buffer, 0, at));
    }

    [Fact]
    public void The_example_stands_in_the_specification()
    {
        string format = File.ReadAllText(Path.Combine(Repository.Root, "src", "Engine", "FORMAT.md"));
        string spaced = string.Concat(format.Where(static c => !char.IsWhiteSpace(c)));
        Assert.Contains(Convert.ToHexString(s_example), spaced, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexString(s_drop), spaced, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexString(s_reference), spaced, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        CommitFormat.Read(new Lsn(7), s_example, _commit);
        List<RecordMutation> mutations = _commit.Mutations;
        Assert.Equal(1, _commit.Milliseconds);
        Assert.False(_commit.HasReferences);
        Assert.Equal(2, mutations.Count);
        Assert.Equal(new RecordLocation(0x10), mutations[0].Location);
        Assert.Equal([0xAB, 0xCD], s_example.AsSpan(mutations[0].Offset, mutations[0].Length).ToArray());
        Assert.Equal(new RecordMutation(RecordOperation.Delete, new RecordLocation(0x08), 0, 0), mutations[1]);
    }

    [Fact]
    public void A_commit_that_drops_a_range_is_written_as_specified_and_read_back()
    {
        byte[] buffer = new byte[64];
        int at = CommitFormat.WriteHeader(buffer, unixMilliseconds: 1, operations: 2, CommitFormat.DropVersion);
        var drop = new LoggedDrop(new OrdinalRange(-1, 5), new RecordLocation(0x18), 3);
        at += CommitFormat.WriteDrop(buffer.AsSpan(at), drop);
        at += CommitFormat.WriteDelete(buffer.AsSpan(at), new RecordLocation(0x08));
        Assert.Equal(Convert.ToHexString(s_drop), Convert.ToHexString(buffer, 0, at));

        CommitFormat.Read(new Lsn(7), s_drop, _commit);
        Assert.Equal(drop, _commit.Dropped);
        Assert.True(drop.LeavesRecords);
        Assert.Equal(
            new RecordMutation(RecordOperation.Delete, new RecordLocation(0x08), 0, 0), Assert.Single(_commit.Mutations));

        // Version 1 has no such operation, and it never comes second.
        byte[] old = [.. s_drop];
        old[0] = CommitFormat.Version;
        Assert.Throws<StorageException>(() => CommitFormat.Read(new Lsn(7), old, _commit));
        byte[] second = [.. s_drop[..3], .. s_drop[29..], .. s_drop[3..29]];
        Assert.Throws<StorageException>(() => CommitFormat.Read(new Lsn(7), second, _commit));
    }

    [Fact]
    public void A_commit_that_drops_a_range_may_also_refer_to_bodies()
    {
        byte[] buffer = new byte[96];
        int at = CommitFormat.WriteReferenceHeader(buffer, unixMilliseconds: 1, operations: 2, new Lsn(6));
        var drop = new LoggedDrop(new OrdinalRange(-1, 5), new RecordLocation(0x18), 3);
        at += CommitFormat.WriteDrop(buffer.AsSpan(at), drop);
        at += CommitFormat.WriteReference(buffer.AsSpan(at), new RecordLocation(0x18), 2, 0x0123456789ABCDEF);

        CommitFormat.Read(new Lsn(7), buffer.AsSpan(0, at), _commit);
        Assert.Equal(drop, _commit.Dropped);
        Assert.True(_commit.IsReference(0));
        Assert.Equal(new RecordLocation(0x18), Assert.Single(_commit.Mutations).Location);
    }

    [Fact]
    public void A_commit_that_refers_to_a_body_is_written_as_specified_and_read_back()
    {
        byte[] buffer = new byte[64];
        int at = CommitFormat.WriteReferenceHeader(buffer, unixMilliseconds: 1, operations: 2, new Lsn(6));
        at += CommitFormat.WriteReference(buffer.AsSpan(at), new RecordLocation(0x10), 2, 0x0123456789ABCDEF);
        at += CommitFormat.WriteDelete(buffer.AsSpan(at), new RecordLocation(0x08));
        Assert.Equal(Convert.ToHexString(s_reference), Convert.ToHexString(buffer, 0, at));

        CommitFormat.Read(new Lsn(7), s_reference, _commit);
        Assert.Equal(new Lsn(6), _commit.Durable);
        Assert.True(_commit.HasReferences && _commit.IsReference(0) && !_commit.IsReference(1));
        Assert.Equal(0x0123456789ABCDEFul, _commit.Checks[0]);
        Assert.Equal(
            [
                new RecordMutation(RecordOperation.Put, new RecordLocation(0x10), CommitContent.Elsewhere, 2),
                new RecordMutation(RecordOperation.Delete, new RecordLocation(0x08), 0, 0),
            ],
            _commit.Mutations);

        // Older versions have no references, and no commit vouches for itself.
        byte[] old = [.. s_reference[..3], .. s_reference[4..]];
        old[0] = CommitFormat.DropVersion;
        Assert.Throws<StorageException>(() => CommitFormat.Read(new Lsn(7), old, _commit));
        Assert.Throws<StorageException>(() => CommitFormat.Read(new Lsn(6), s_reference, _commit));
    }

    [Fact]
    public void A_commit_of_version_2_that_drops_a_range_and_deletes_its_records_is_still_read()
    {
        CommitFormat.Read(new Lsn(7), s_deletingDrop, _commit);
        LoggedDrop? dropped = _commit.Dropped;
        Assert.Equal(new LoggedDrop(new OrdinalRange(-1, 5), RecordLocation.None, 0), dropped);
        Assert.False(dropped!.Value.LeavesRecords);
        Assert.Equal(
            new RecordMutation(RecordOperation.Delete, new RecordLocation(0x08), 0, 0), Assert.Single(_commit.Mutations));
    }

    [Fact]
    public void Every_shorter_prefix_is_refused()
    {
        foreach (byte[] cut in s_examples.SelectMany(Prefixes))
        {
            StorageException e = Assert.Throws<StorageException>(() => CommitFormat.Read(new Lsn(7), cut, _commit));
            Assert.Equal(StorageErrorCode.Corrupt, e.Code);
            Assert.Contains("commit 7", e.Message, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<byte[]> Prefixes(byte[] whole) =>
        Enumerable.Range(0, whole.Length).Select(length => whole[..length]);

    [Fact]
    public void A_newer_version_is_refused_as_such()
    {
        byte[] newer = [.. s_example];
        newer[0] = CommitFormat.ReferenceVersion + 1;
        Assert.Equal(
            StorageErrorCode.FormatTooNew,
            Assert.Throws<StorageException>(() => CommitFormat.Read(new Lsn(1), newer, _commit)).Code);
    }

    [Fact]
    public void Hostile_bytes_give_a_typed_error_or_operations_that_fit()
    {
        int seed = Seed.Get(1);
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = round % 2 == 0 ? [.. s_examples[round / 2 % 4]] : new byte[random.Next(1, 60)];
            if (round % 2 == 0)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            else
            {
                random.NextBytes(bytes);
                bytes[0] = (byte)random.Next(CommitFormat.Version, CommitFormat.ReferenceVersion + 1);
            }

            try
            {
                CommitFormat.Read(new Lsn(7), bytes, _commit);
                for (int i = 0; i < _commit.Mutations.Count; i++)
                {
                    RecordMutation m = _commit.Mutations[i];
                    Assert.True(_commit.IsReference(i)
                        ? m.Length > 0
                        : m.Offset >= 0 && m.Length >= 0 && m.Offset + m.Length <= bytes.Length);
                }
            }
            catch (StorageException e)
            {
                Assert.True(e.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew, $"seed {seed}, round {round}");
            }
        }
    }
}
