using Mortise.Components;
using Mortise.Conformance;
using Mortise.Files;

namespace Mortise.Wal.Tests;

/// <summary>A directory whose files can be made to wait inside a sync.</summary>
internal sealed class HeldSyncs(IStorageDirectory inner) : IStorageDirectory, IDisposable
{
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private readonly ManualResetEventSlim _waiting = new(initialState: false);

    public string Path => inner.Path;

    public StorageDeviceTraits Traits => inner.Traits;

    public ComponentContext Context(SimWorld world)
    {
        ComponentContext plain = world.Context(Logs.Instance);
        return new ComponentContext
        {
            InstanceName = plain.InstanceName,
            StoreId = plain.StoreId,
            Files = this,
            Time = plain.Time,
            Background = plain.Background,
            Seed = plain.Seed,
            Log = plain.Log,
            Meter = plain.Meter,
        };
    }

    /// <summary>The next sync waits until <see cref="Release"/>.</summary>
    public void Hold() => _open.Reset();

    public void Release() => _open.Set();

    public void WaitUntilOneIsHeld() => _waiting.Wait();

    public IStorageFile Open(string name, FileIntent intent) => new HeldFile(this, inner.Open(name, intent));

    public IStorageDirectory OpenDirectory(string name) => inner.OpenDirectory(name);

    public bool Exists(string name) => inner.Exists(name);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string name) => inner.Delete(name);

    public void DeleteDirectory(string name) => inner.DeleteDirectory(name);

    public IReadOnlyList<StorageEntry> List() => inner.List();

    public void Sync() => inner.Sync();

    public IDisposable? TryLock(string name) => inner.TryLock(name);

    public void Dispose()
    {
        _open.Dispose();
        _waiting.Dispose();
    }

    private sealed class HeldFile(HeldSyncs owner, IStorageFile file) : IStorageFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public bool IsPoisoned => file.IsPoisoned;

        public int Read(Span<byte> to, long offset) => file.Read(to, offset);

        public void Write(ReadOnlySpan<byte> from, long offset) => file.Write(from, offset);

        public void SetLength(long length) => file.SetLength(length);

        public void PunchHole(long offset, long length) => file.PunchHole(offset, length);

        public void Sync(SyncKind kind)
        {
            if (!owner._open.IsSet)
            {
                owner._waiting.Set();
                owner._open.Wait();
            }

            file.Sync(kind);
        }

        public bool TryMap(long offset, long length, out MappedRegion? region) =>
            file.TryMap(offset, length, out region);

        public void Dispose() => file.Dispose();
    }
}
