using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>The index of one partition: open while somebody uses it, closed again when others need its place.</summary>
/// <remarks>
/// <para>It is closed only when nobody uses it and its files contain all that was applied, so what a later open finds is
/// the same state. One that is opened and holds less than it did is damaged; that is an error, never a short answer.</para>
/// <para>Threads: any. Using an open index costs one interlocked operation; of a permanent one, none.</para>
/// </remarks>
internal sealed class IndexHandle : IAsyncDisposable
{
    private const int Closed = int.MinValue;

    private readonly OpenIndexes _pool;
    private readonly Func<CancellationToken, ValueTask<OpenedIndex>> _open;
    private readonly Action<StorageException> _onDamage;
    private readonly bool _isPermanent;
    private readonly Lock _gate = new();
    private OpenedIndex? _opened;
    private SharedSnapshot? _published;
    private IndexStatistics _statistics;
    private Lsn _durable;
    private long _lastUse;
    private int _users = Closed;
    private int _isCheckpointing;
    private bool _isDisposed;
    private bool _isPacked;

    /// <param name="pool">Counts what is open, and closes.</param>
    /// <param name="name">The instance's name, for messages.</param>
    /// <param name="isPermanent">True to stay open once opened.</param>
    /// <param name="durable">How far its files have got at least.</param>
    /// <param name="statistics">What was last known of it.</param>
    /// <param name="isPacked">Whether there was nothing to pack.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="onDamage">Told when it holds less than it did.</param>
    public IndexHandle(
        OpenIndexes pool,
        string name,
        bool isPermanent,
        Lsn durable,
        IndexStatistics statistics,
        bool isPacked,
        Func<CancellationToken, ValueTask<OpenedIndex>> open,
        Action<StorageException> onDamage)
    {
        _pool = pool;
        Name = name;
        _isPermanent = isPermanent;
        _durable = durable;
        _statistics = statistics;
        _isPacked = isPacked;
        _open = open;
        _onDamage = onDamage;
    }

    public string Name { get; }

    public bool IsOpen => Volatile.Read(ref _users) >= 0;

    /// <summary>When it was last used, in openings of any index.</summary>
    public long LastUse => Volatile.Read(ref _lastUse);

    /// <summary>How far its files have got.</summary>
    public Lsn DurableLsn
    {
        get
        {
            lock (_gate)
            {
                return Alive is { } opened ? opened.Index.DurableLsn : _durable;
            }
        }
    }

    /// <summary>Counts and sizes; of a closed index those of when it was last open.</summary>
    public IndexStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return Alive is { } opened ? opened.Index.Statistics : _statistics;
            }
        }
    }

    /// <summary>True when there is nothing to pack; of a closed index, when there was nothing.</summary>
    public bool IsPacked
    {
        get
        {
            lock (_gate)
            {
                return Alive is { } opened ? IsPackedNow(opened.Index) : _isPacked;
            }
        }
    }

    /// <summary>Whether it is well; a closed one is.</summary>
    public Components.ComponentHealth Health
    {
        get
        {
            lock (_gate)
            {
                return Alive is { } opened ? opened.Index.Health : Components.ComponentHealth.Healthy;
            }
        }
    }

    /// <summary>The snapshot that may be closed with it: that of the state in its files. Set by the writer.</summary>
    public SharedSnapshot? Published
    {
        get => Volatile.Read(ref _published);
        set => Volatile.Write(ref _published, value);
    }

    /// <summary>What is open and may be asked; under the gate.</summary>
    private OpenedIndex? Alive => _isDisposed ? null : _opened;

    /// <summary>Opens it without waiting for anybody; while the store is being opened.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        if (IsOpen)
        {
            return;
        }

        OpenedIndex opened = await _open(cancellation).ConfigureAwait(false);
        lock (_gate)
        {
            Adopt(opened, users: 0);
        }

        Opened();
    }

    /// <summary>The index, open, until <see cref="Release"/>.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> when it holds less than it did; what
    /// opening it throws.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IIndexFamily Acquire() => TryAcquireOpen() ?? OpenAndAcquire();

    /// <summary>The same if it is open; null otherwise.</summary>
    public IIndexFamily? TryAcquireOpen()
    {
        int seen = Volatile.Read(ref _users);
        if (_isPermanent && seen >= 0)
        {
            return Volatile.Read(ref _opened)?.Index ?? throw Disposed();
        }

        while (seen >= 0)
        {
            int found = Interlocked.CompareExchange(ref _users, seen + 1, seen);
            if (found == seen)
            {
                long now = _pool.Now;
                if (_lastUse != now)
                {
                    Volatile.Write(ref _lastUse, now);
                }

                if (Volatile.Read(ref _opened) is { } opened)
                {
                    return opened.Index;
                }

                Interlocked.Decrement(ref _users);
                throw Disposed();
            }

            seen = found;
        }

        return null;
    }

    /// <summary>Ends a use.</summary>
    /// <param name="mayClose">False where a close would wait for the thread that asks for it: one of the background.</param>
    public void Release(bool mayClose = true)
    {
        if (_isPermanent)
        {
            return;
        }

        int left = Interlocked.Decrement(ref _users);
        Invariant.Holds(left >= 0);
        if (left == 0 && mayClose && _pool.HasTooMany)
        {
            TryClose();
        }
    }

    /// <summary>Claims the one checkpoint that may be pending; false when it is taken.</summary>
    public bool TryBeginCheckpoint() => Interlocked.CompareExchange(ref _isCheckpointing, 1, 0) == 0;

    public void EndCheckpoint() => Volatile.Write(ref _isCheckpointing, 0);

    /// <summary>Closes it if nobody uses it and nothing would be lost.</summary>
    /// <returns>True when it was open and is closed now.</returns>
    public bool TryClose()
    {
        if (_isPermanent || !_gate.TryEnter())
        {
            return false;
        }

        try
        {
            if (_isDisposed || Interlocked.CompareExchange(ref _users, Closed, 0) != 0)
            {
                return false;
            }

            OpenedIndex opened = _opened!;
            IIndexFamily index = opened.Index;
            if (!index.Traits.IsPersistent || index.AppliedLsn != index.DurableLsn)
            {
                Volatile.Write(ref _users, 0);
                return false;
            }

            Published?.Forget();
            _durable = index.DurableLsn;
            _statistics = index.Statistics with { MemoryBytes = 0 };
            _isPacked = IsPackedNow(index);
            _opened = null;

            // Whoever wants it back waits for the gate: two instances must never share the files.
            opened.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        finally
        {
            _gate.Exit();
        }

        _pool.Remove(this);
        return true;
    }

    /// <summary>Says that nothing new begins to use it; it is closed later.</summary>
    public void Drain()
    {
        lock (_gate)
        {
            if (Alive is { } opened)
            {
                opened.Parts.Composition.InstanceDraining(opened.Context);
            }
        }
    }

    /// <summary>Closes it for good, whoever uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        OpenedIndex? opened;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            opened = _opened;
            if (opened is not null)
            {
                _durable = opened.Index.DurableLsn;
                _statistics = opened.Index.Statistics with { MemoryBytes = 0 };
                _isPacked = IsPackedNow(opened.Index);
            }

            _isDisposed = true;

            // Views that were closed may remember this for a while; the plugin is not to be kept by that.
            Volatile.Write(ref _opened, null);
        }

        if (opened is not null)
        {
            _pool.Remove(this);
            await opened.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static ObjectDisposedException Disposed() => new(nameof(StoreEngine));

    private static bool IsPackedNow(IIndexFamily index) =>
        !index.TryGet(out IPackableIndex? packable) || packable.IsPacked;

    private IIndexFamily OpenAndAcquire()
    {
        OpenedIndex opened;
        lock (_gate)
        {
            if (TryAcquireOpen() is { } open)
            {
                return open;
            }

            ObjectDisposedException.ThrowIf(_isDisposed, typeof(StoreEngine));
            opened = _open(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            Adopt(opened, users: _isPermanent ? 0 : 1);
        }

        Opened();
        return opened.Index;
    }

    private void Opened()
    {
        Volatile.Write(ref _lastUse, _pool.Now);
        if (!_isPermanent)
        {
            _pool.Add(this);
        }
    }

    private void Adopt(OpenedIndex opened, int users)
    {
        Lsn found = opened.Index.DurableLsn;
        if (found < _durable)
        {
            opened.DisposeAsync().AsTask().GetAwaiter().GetResult();
            var damage = new StorageException(
                StorageErrorCode.Corrupt,
                $"{Name} holds commits up to {found}, it held {_durable}",
                Name,
                advice: "reopen the store: the family is rebuilt from the records");
            _onDamage(damage);
            throw damage;
        }

        _opened = opened;
        Volatile.Write(ref _users, users);
    }
}

/// <summary>An open index and what was opened with it.</summary>
/// <param name="Index">The index.</param>
/// <param name="Context">What it was given.</param>
/// <param name="Parts">Takes back what it was given.</param>
internal sealed record OpenedIndex(
    IIndexFamily Index, Components.ComponentContext Context, OpenedParts Parts) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Parts.Composition.InstanceDraining(Context);
        try
        {
            await ClosingParts.WithinAsync(Index.DisposeAsync(), Context.InstanceName, Parts.Composition)
                .ConfigureAwait(false);
        }
        finally
        {
            Parts.TakeBack(Context);
        }
    }
}
