using Mortise.Files;
using Mortise.Host.Files;

namespace Mortise.Host.Tests.Files;

public sealed class PosixFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PosixDirectory _root;

    public PosixFileTests() => _root = PosixDirectory.OpenRoot(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Reads_return_what_a_byte_array_would_after_any_sequence_of_operations()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int s) ? s : 20260;
        var random = new Random(seed);
        using IStorageFile file = _root.Open("f", FileIntent.CreateNew);
        byte[] model = [];
        for (int step = 0; step < 2000; step++)
        {
            int offset = random.Next(0, 40_000);
            int length = random.Next(0, 9000);
            file.BeginWriteback(random.Next(0, 40_000), random.Next(0, 9000));
            switch (random.Next(6))
            {
                case 0 or 1:
                    byte[] bytes = new byte[length];
                    random.NextBytes(bytes);
                    file.Write(bytes, offset);
                    if (length > 0)
                    {
                        Grow(ref model, offset + length);
                        bytes.CopyTo(model, offset);
                    }

                    break;
                case 2:
                    file.SetLength(offset);
                    Array.Resize(ref model, offset);
                    break;
                case 3:
                    file.PunchHole(offset, length);
                    model.AsSpan(Math.Min(offset, model.Length))[..Math.Max(0, Math.Min(length, model.Length - offset))].Clear();
                    break;
                default:
                    byte[] buffer = new byte[length];
                    int count = file.Read(buffer, offset);
                    ReadOnlySpan<byte> expected = model.AsSpan(Math.Min(offset, model.Length));
                    expected = expected[..Math.Min(length, expected.Length)];
                    Assert.True(
                        expected.SequenceEqual(buffer.AsSpan(0, count)), $"seed {seed}, step {step}: wrong bytes at {offset}");
                    break;
            }

            Assert.True(file.Length == model.Length, $"seed {seed}, step {step}: length {file.Length}, not {model.Length}");
        }

        file.Sync(SyncKind.Data);
        file.Sync(SyncKind.Full);
    }

    [Fact]
    public void A_mapping_at_any_offset_shows_the_file_and_later_writes()
    {
        using IStorageFile file = _root.Open("f", FileIntent.CreateNew);
        byte[] bytes = new byte[20_000];
        new Random(1).NextBytes(bytes);
        file.Write(bytes, 0);
        foreach ((int offset, int length) in ((int, int)[])[(0, 20_000), (1, 1), (4095, 2), (4097, 10_000), (19_999, 1)])
        {
            Assert.True(file.TryMap(offset, length, out MappedRegion? region));
            using (region)
            {
                Assert.Equal(length, region!.Length);
                Assert.True(region.Span(0, length).SequenceEqual(bytes.AsSpan(offset, length)));
                Assert.Throws<ArgumentOutOfRangeException>(() => region.Span(1, length).Length);
                Assert.Throws<ArgumentOutOfRangeException>(() => region.Span(-1, 1).Length);
                Assert.Throws<ArgumentOutOfRangeException>(() => region.Span(0, -1).Length);
                Assert.Throws<ArgumentOutOfRangeException>(() => region.Span(long.MaxValue, int.MaxValue).Length);
                file.Write([(byte)~bytes[offset]], offset);
                Assert.Equal((byte)~bytes[offset], region.Span(0, 1)[0]);
                file.Write(bytes.AsSpan(offset, 1), offset);
            }

            Assert.Throws<ObjectDisposedException>(() => region.Span(0, 1).Length);
            region.Dispose();
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => file.TryMap(0, 20_001, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.TryMap(0, 0, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.TryMap(-1, 1, out _));
    }

    [Fact]
    public void A_failed_sync_poisons_the_file_for_every_later_write()
    {
        // The null device takes writes and refuses to sync them: EINVAL.
        using PosixFile file = PosixDirectory.OpenDevice("/dev/null");
        file.Write("x"u8, 0);
        Assert.False(file.IsPoisoned);
        StorageException first = Assert.Throws<StorageException>(() => file.Sync(SyncKind.Data));
        Assert.Equal(StorageErrorCode.SyncFailed, first.Code);
        Assert.True(file.IsPoisoned);
        foreach (Action later in (Action[])
                 [
                     () => file.Sync(SyncKind.Data), () => file.Sync(SyncKind.Full), () => file.Write("x"u8, 0),
                     () => file.SetLength(0), () => file.PunchHole(0, 1),
                 ])
        {
            StorageException error = Assert.Throws<StorageException>(later);
            Assert.Equal(StorageErrorCode.Faulted, error.Code);
            Assert.Same(first, error.InnerException);
        }

        Assert.Equal(0, file.Read(new byte[1], 0));
    }

    [Fact]
    public void All_handles_of_a_file_share_its_poison_across_a_rename()
    {
        var register = new OpenFiles();
        OpenFile a = register.Acquire("a");
        Assert.Same(a, register.Acquire("a"));
        register.Renamed("a", "b");
        Assert.Same(a, register.Acquire("b"));
        Assert.NotSame(a, register.Acquire("a"));
        a.SetPoison(new IOException());
        register.Release(a);
        register.Release(a);
        Assert.Same(a, register.Acquire("b"));
        register.Release(a);
        register.Release(a);
        Assert.Null(register.Acquire("b").Poison);
    }

    [Fact]
    public void A_full_device_is_no_space_and_not_poison()
    {
        using PosixFile file = PosixDirectory.OpenDevice("/dev/full");
        StorageException error = Assert.Throws<StorageException>(() => file.Write("x"u8, 0));
        Assert.Equal(StorageErrorCode.NoSpace, error.Code);
        Assert.True(error.IsRetryable);
        Assert.False(file.IsPoisoned);
    }

    [Fact]
    public void A_length_beyond_the_file_system_is_a_storage_error_and_not_an_argument_error()
    {
        using IStorageFile file = _root.Open("f", FileIntent.CreateNew);
        StorageException error = Assert.Throws<StorageException>(() => file.Write("x"u8, long.MaxValue - 1));
        Assert.Contains(error.Code, (StorageErrorCode[])[StorageErrorCode.LimitExceeded, StorageErrorCode.Io]);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Write("xy"u8, long.MaxValue - 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Write("x"u8, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(new byte[1], -1));
        Assert.Equal(0, file.Length);
    }

    [Fact]
    public void A_closed_file_throws_and_closing_twice_is_fine()
    {
        IStorageFile file = _root.Open("f", FileIntent.CreateNew);
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Write("x"u8, 0));
        Assert.Throws<ObjectDisposedException>(() => file.Read(new byte[1], 0));
        Assert.Throws<ObjectDisposedException>(() => file.Sync(SyncKind.Data));
    }

    [Theory]
    [InlineData(2, StorageErrorCode.NotFound)]
    [InlineData(5, StorageErrorCode.Io)]
    [InlineData(13, StorageErrorCode.Denied)]
    [InlineData(1, StorageErrorCode.Denied)]
    [InlineData(17, StorageErrorCode.AlreadyExists)]
    [InlineData(23, StorageErrorCode.TooManyFiles)]
    [InlineData(24, StorageErrorCode.TooManyFiles)]
    [InlineData(27, StorageErrorCode.LimitExceeded)]
    [InlineData(28, StorageErrorCode.NoSpace)]
    [InlineData(30, StorageErrorCode.Denied)]
    [InlineData(9999, StorageErrorCode.Io)]
    public void Errno_tells_a_program_what_to_do(int errno, StorageErrorCode code)
    {
        Assert.Equal(code, PosixError.CodeOf(errno));
        Assert.Equal(StorageErrorCode.NoSpace, PosixError.CodeOf(Posix.EDQUOT));
    }

    private static void Grow(ref byte[] model, int length)
    {
        if (model.Length < length)
        {
            Array.Resize(ref model, length);
        }
    }
}
