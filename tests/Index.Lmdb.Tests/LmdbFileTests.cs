using Mortise.Components;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.Index.Lmdb.Tests;

/// <summary>Damaged, foreign and missing environments; and the bytes that FORMAT.md promises.</summary>
public sealed class LmdbFileTests : IDisposable
{
    private static readonly Guid s_store = Opening.Store;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mortise-lmdb-");
    private readonly CollectingLog _log = new();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_state_is_laid_out_as_documented()
    {
        byte[] state = new byte[LmdbFormat.StateBytes];
        LmdbFormat.WriteState(state, s_store, new Lsn(0x0102), 3);
        Assert.Equal(
            "4D4C4442" + "01000000" + "33221100554477668899AABBCCDDEEFF" + "0201000000000000" + "0300000000000000",
            Convert.ToHexString(state));
        Assert.Null(LmdbFormat.ReadState(state, s_store, out Lsn lsn, out long listed));
        Assert.Equal((0x0102ul, 3), (lsn.Value, listed));
        Assert.Equal(
            "0100" + "0200" + "07" + "0809",
            Convert.ToHexString(LmdbFormat.Change([], [7], [8, 9], isRemoved: false, out int grown)));
        Assert.Equal(1, grown);
    }

    [SkippableTheory]
    [InlineData(0, 4096)]
    [InlineData(100, 2)]
    [InlineData(8192, 16)]
    public async Task What_is_no_environment_is_made_anew_with_a_warning(int keep, int garbage)
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        await FillAsync(s_store);
        string file = Path.Combine(_folder.FullName, LmdbIndex.DataFile);
        byte[] bytes = File.ReadAllBytes(file)[..keep];
        byte[] noise = new byte[garbage * 4];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes(file, keep == 8192 ? [.. noise, .. bytes[noise.Length..]] : [.. bytes, .. noise]);
        await using IIndexFamily index = Open(s_store);
        Assert.Equal(Lsn.None, index.DurableLsn);
        Assert.Contains(_log.Messages, static m => m.Level == ComponentLogLevel.Warning);
    }

    [SkippableFact]
    public async Task An_environment_of_another_store_is_made_anew_and_ones_own_is_kept()
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        await FillAsync(s_store);
        await using (IIndexFamily own = Open(s_store))
        {
            Assert.Equal(new Lsn(9), own.DurableLsn);
        }

        await using IIndexFamily other = Open(Guid.Empty);
        Assert.Equal(Lsn.None, other.DurableLsn);
        Assert.Contains(_log.Messages, static m => m.Message.Contains("belongs to store", StringComparison.Ordinal));
    }

    [Fact]
    public void A_directory_that_the_system_does_not_know_is_refused()
    {
        using var world = new SimWorld(1);
        StorageException refused = Assert.Throws<StorageException>(
            () => LmdbIndex.Open(world.Context("indexes/id"), new LmdbOptions(), default));
        Assert.Equal(StorageErrorCode.Unsupported, refused.Code);
    }

    private async Task FillAsync(Guid store)
    {
        await using IIndexFamily index = Open(store);
        index.Apply(new IndexBatch(new Lsn(9), [7, 8], [new IndexMutation(IndexOperation.Set, 0, 1, 1, 1)]));
    }

    private IIndexFamily Open(Guid store) => Opening.Open(_folder.FullName, _log, ByteSize.MiB(16), store);
}
