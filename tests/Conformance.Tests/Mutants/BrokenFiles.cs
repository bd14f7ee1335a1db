using Mortise.Files;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>A directory that passes everything on, but for what a mutant breaks.</summary>
internal sealed class BrokenDirectory(IStorageDirectory inner) : IStorageDirectory
{
    public Func<IStorageFile, string, IStorageFile>? OnOpen { get; init; }

    public Action<IStorageDirectory>? OnSync { get; init; }

    public Action<IStorageDirectory, string, string>? OnRename { get; init; }

    public Func<string, IDisposable?>? OnLock { get; init; }

    public string Path => inner.Path;

    public StorageDeviceTraits Traits => inner.Traits;

    public IStorageFile Open(string name, FileIntent intent)
    {
        IStorageFile file = inner.Open(name, intent);
        return OnOpen is null ? file : OnOpen(file, name);
    }

    public IStorageDirectory OpenDirectory(string name) => inner.OpenDirectory(name);

    public bool Exists(string name) => inner.Exists(name);

    public void Rename(string from, string to)
    {
        if (OnRename is null)
        {
            inner.Rename(from, to);
        }
        else
        {
            OnRename(inner, from, to);
        }
    }

    public void Delete(string name) => inner.Delete(name);

    public void DeleteDirectory(string name) => inner.DeleteDirectory(name);

    public IReadOnlyList<StorageEntry> List() => inner.List();

    public void Sync()
    {
        if (OnSync is null)
        {
            inner.Sync();
        }
        else
        {
            OnSync(inner);
        }
    }

    public IDisposable? TryLock(string name) => OnLock is null ? inner.TryLock(name) : OnLock(name);
}

/// <summary>A file that passes everything on, but for what a mutant breaks.</summary>
internal sealed class BrokenFile(IStorageFile inner) : IStorageFile
{
    public delegate void Writer(IStorageFile file, ReadOnlySpan<byte> from, long offset);

    public delegate int Reader(IStorageFile file, Span<byte> to, long offset);

    public Writer? OnWrite { get; init; }

    public Reader? OnRead { get; init; }

    public Action<IStorageFile>? OnSync { get; init; }

    public Action<IStorageFile>? OnDispose { get; init; }

    public string Path => inner.Path;

    public long Length => inner.Length;

    public bool IsPoisoned => inner.IsPoisoned;

    public int Read(Span<byte> to, long offset) => OnRead is null ? inner.Read(to, offset) : OnRead(inner, to, offset);

    public void Write(ReadOnlySpan<byte> from, long offset)
    {
        if (OnWrite is null)
        {
            inner.Write(from, offset);
        }
        else
        {
            OnWrite(inner, from, offset);
        }
    }

    public void SetLength(long length) => inner.SetLength(length);

    public void PunchHole(long offset, long length) => inner.PunchHole(offset, length);

    public void Sync(SyncKind kind)
    {
        if (OnSync is null)
        {
            inner.Sync(kind);
        }
        else
        {
            OnSync(inner);
        }
    }

    public bool TryMap(long offset, long length, out MappedRegion? region) => inner.TryMap(offset, length, out region);

    public void Dispose()
    {
        if (OnDispose is null)
        {
            inner.Dispose();
        }
        else
        {
            OnDispose(inner);
        }
    }
}
