using System.Text;
using Mortise.Files;
using Mortise.Host.Files;

namespace Mortise.Host.Tests.Files;

public sealed class PosixDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PosixDirectory _root;

    public PosixDirectoryTests() => _root = PosixDirectory.OpenRoot(Path.Combine(_folder.Path, "a", "b"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("/etc")]
    [InlineData("Upper")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("é")]
    public void A_name_outside_the_alphabet_is_refused_by_every_member(string name)
    {
        Assert.Throws<ArgumentException>(() => _root.Open(name, FileIntent.OpenOrCreate));
        Assert.Throws<ArgumentException>(() => _root.OpenDirectory(name));
        Assert.Throws<ArgumentException>(() => _root.Exists(name));
        Assert.Throws<ArgumentException>(() => _root.Delete(name));
        Assert.Throws<ArgumentException>(() => _root.DeleteDirectory(name));
        Assert.Throws<ArgumentException>(() => _root.Rename(name, "x"));
        Assert.Throws<ArgumentException>(() => _root.Rename("x", name));
        Assert.Throws<ArgumentException>(() => _root.TryLock(name));
        Assert.Empty(_root.List());
    }

    [Fact]
    public void A_name_of_128_characters_is_allowed_and_of_129_is_not()
    {
        _root.Open(new string('a', 128), FileIntent.CreateNew).Dispose();
        Assert.Throws<ArgumentException>(() => _root.Open(new string('a', 129), FileIntent.CreateNew));
    }

    [Fact]
    public void Intents_differ_in_what_they_ask_of_the_name()
    {
        AssertCode(StorageErrorCode.NotFound, () => _root.Open("f", FileIntent.Read));
        AssertCode(StorageErrorCode.NotFound, () => _root.Open("f", FileIntent.ReadWrite));
        using (IStorageFile file = _root.Open("f", FileIntent.OpenOrCreate))
        {
            file.Write("kept"u8, 0);
        }

        AssertCode(StorageErrorCode.AlreadyExists, () => _root.Open("f", FileIntent.CreateNew));
        using IStorageFile again = _root.Open("f", FileIntent.OpenOrCreate);
        Assert.Equal(4, again.Length);
        using IStorageFile reader = _root.Open("f", FileIntent.Read);
        AssertCode(StorageErrorCode.Io, () => reader.Write("x"u8, 0));
    }

    [Fact]
    public void An_error_names_the_file_below_the_root_and_never_the_root()
    {
        IStorageDirectory wal = _root.OpenDirectory("wal");
        var error = Assert.Throws<StorageException>(() => wal.Open("000001.log", FileIntent.Read));
        Assert.Equal("wal/000001.log", error.File);
        Assert.DoesNotContain(_folder.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_symbolic_link_to_a_file_is_not_followed()
    {
        string target = _folder.Write("outside", "secret");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "a", "b", "link"), target);
        AssertCode(StorageErrorCode.Denied, () => _root.Open("link", FileIntent.Read));
        AssertCode(StorageErrorCode.Denied, () => _root.TryLock("link"));
        Assert.Equal("secret", File.ReadAllText(target));
    }

    [Fact]
    public void Deleting_a_directory_does_not_follow_links_out_of_it()
    {
        string target = _folder.Write("outside/f", "kept");
        _root.OpenDirectory("d").OpenDirectory("e").Open("g", FileIntent.CreateNew).Dispose();
        Directory.CreateSymbolicLink(
            Path.Combine(_folder.Path, "a", "b", "d", "link"), Path.Combine(_folder.Path, "outside"));
        _root.DeleteDirectory("d");
        Assert.False(_root.Exists("d"));
        Assert.Equal("kept", File.ReadAllText(target));
        _root.DeleteDirectory("d");
    }

    [Fact]
    public void A_listing_is_in_ordinal_order_and_leaves_out_names_that_are_not_ours()
    {
        foreach (string name in (string[])["b", "a-1", "a_1", "a.1", "c"])
        {
            using IStorageFile file = _root.Open(name, FileIntent.CreateNew);
            file.SetLength(name.Length);
        }

        _root.OpenDirectory("dir");
        _folder.Write("a/b/.DS_Store", "x");
        _folder.Write("a/b/Upper", "x");
        Assert.Equal(
            [
                new StorageEntry("a-1", false, 3), new StorageEntry("a.1", false, 3), new StorageEntry("a_1", false, 3),
                new StorageEntry("b", false, 1), new StorageEntry("c", false, 1), new StorageEntry("dir", true, 0),
            ],
            _root.List());
    }

    [Fact]
    public void Rename_replaces_and_delete_leaves_open_handles_readable()
    {
        using IStorageFile old = _root.Open("to", FileIntent.CreateNew);
        old.Write("old"u8, 0);
        using (IStorageFile file = _root.Open("from", FileIntent.CreateNew))
        {
            file.Write("new"u8, 0);
        }

        _root.Rename("from", "to");
        Assert.False(_root.Exists("from"));
        byte[] buffer = new byte[3];
        Assert.Equal(3, old.Read(buffer, 0));
        Assert.Equal("old"u8, buffer);
        using IStorageFile now = _root.Open("to", FileIntent.Read);
        Assert.Equal(3, now.Read(buffer, 0));
        Assert.Equal("new"u8, buffer);
        _root.Delete("to");
        Assert.Equal(3, now.Read(buffer, 0));
        AssertCode(StorageErrorCode.NotFound, () => _root.Delete("to"));
        AssertCode(StorageErrorCode.NotFound, () => _root.Rename("to", "x"));
        _root.Sync();
    }

    [Fact]
    public void A_lock_is_exclusive_within_the_process_and_free_after_disposal()
    {
        IDisposable? first = _root.TryLock("lock");
        Assert.NotNull(first);
        Assert.Null(_root.TryLock("lock"));
        Assert.Null(PosixDirectory.OpenRoot(Path.Combine(_folder.Path, "a", "b")).TryLock("lock"));
        first.Dispose();
        using IDisposable? second = _root.TryLock("lock");
        Assert.NotNull(second);
        using IStorageFile file = _root.Open("lock", FileIntent.Read);
        byte[] holder = new byte[16];
        Assert.Equal($"{Environment.ProcessId}\n", Encoding.ASCII.GetString(holder, 0, file.Read(holder, 0)));
    }

    [Fact]
    public void A_lock_of_another_process_is_seen()
    {
        using (_root.TryLock("lock"))
        {
        }

        string path = Path.Combine(_folder.Path, "a", "b", "lock");
        using var other = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("flock", ["--exclusive", path, "sh", "-c", "echo held; cat"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        Assert.Equal("held", other.StandardOutput.ReadLine());
        Assert.Null(_root.TryLock("lock"));
        other.StandardInput.Close();
        other.WaitForExit();
        using IDisposable? ours = _root.TryLock("lock");
        Assert.NotNull(ours);
    }

    [Fact]
    public void A_root_that_is_a_file_is_a_typed_error()
    {
        string path = _folder.Write("file", "x");
        AssertCode(StorageErrorCode.AlreadyExists, () => PosixDirectory.OpenRoot(path));
        AssertCode(StorageErrorCode.NotFound, () => PosixDirectory.OpenRoot(Path.Combine(path, "below")));
    }

    [Fact]
    public void A_directory_may_be_a_link_to_another_disk()
    {
        string elsewhere = Directory.CreateDirectory(Path.Combine(_folder.Path, "fast")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "a", "b", "wal"), elsewhere);
        _root.OpenDirectory("wal").Open("f", FileIntent.CreateNew).Dispose();
        Assert.True(File.Exists(Path.Combine(elsewhere, "f")));
    }

    private static void AssertCode(StorageErrorCode code, Action action) =>
        Assert.Equal(code, Assert.Throws<StorageException>(action).Code);

    private static void AssertCode(StorageErrorCode code, Func<object?> action) =>
        Assert.Equal(code, Assert.Throws<StorageException>(action).Code);
}
