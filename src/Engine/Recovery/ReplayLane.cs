using Mortise.Components;

namespace Mortise.Engine;

/// <summary>Applies decoded stretches of the log to one family, one after the other, in the background.</summary>
/// <remarks>Families share nothing that changes but the pool of open indexes, so that as many lanes run at once as
/// there are processors.</remarks>
internal sealed class ReplayLane : IAsyncDisposable
{
    private readonly FamilyState _family;
    private readonly OpenIndexes _indexes;
    private readonly long _gatherBytes;
    private readonly BackgroundTurn _turn;
    private readonly Func<Exception, Exception?> _blame;
    private ReplayChunk? _chunk;
    private int _next;
    private Lsn _last;

    /// <param name="family">The family.</param>
    /// <param name="indexes">Says when too many partitions are open to go on.</param>
    /// <param name="gatherBytes">Gathered changes are applied beyond this many bytes.</param>
    /// <param name="background">Where to run; null for the caller's thread.</param>
    /// <param name="blame">Names the plugin whose code threw, or gives null.</param>
    public ReplayLane(
        FamilyState family,
        OpenIndexes indexes,
        long gatherBytes,
        IBackground? background,
        Func<Exception, Exception?> blame)
    {
        _blame = blame;
        _family = family;
        _indexes = indexes;
        _gatherBytes = gatherBytes;
        _turn = new BackgroundTurn(background, $"replay {family.Part.Name}", TakeTurn);
    }

    /// <summary>Changes that it has taken so far: what the next chunk will cost it, beside others. Not while it runs.</summary>
    public long Taken { get; private set; }

    /// <summary>False when it stopped within its chunk, because too many partitions are open. Not while it runs.</summary>
    public bool IsDone => _chunk is null || _next == _chunk.Changes.Length || _family.Failure is not null;

    /// <summary>Applies a chunk, or a part of it; the one before is done.</summary>
    /// <param name="chunk">Must not change until it is done.</param>
    public Task ApplyAsync(ReplayChunk chunk)
    {
        _chunk = chunk;
        _next = 0;
        return GoOnAsync();
    }

    /// <summary>Applies more of the chunk: at least one commit.</summary>
    public Task GoOnAsync() => _turn.RunAsync();

    /// <summary>The log has ended: hands what it gathered to the family's indexes, as <see cref="Flush"/>.</summary>
    public Task FinishAsync()
    {
        _chunk = null;
        return _turn.RunAsync();
    }

    /// <summary>Hands what it gathered to the family's indexes, which may be closed then. Not while it runs.</summary>
    public void Flush()
    {
        if (_last != Lsn.None)
        {
            _family.WhileOpening(() => _family.ApplyPending(_last), _blame);
        }
    }

    public ValueTask DisposeAsync() => _turn.DisposeAsync();

    private void TakeTurn()
    {
        if (_chunk is { } chunk)
        {
            _family.WhileOpening(() => Apply(chunk), _blame);
        }
        else
        {
            Flush();
        }
    }

    private void Apply(ReplayChunk chunk)
    {
        ReadOnlySpan<ReplayChunk.Change> changes = chunk.Changes;
        int first = _next;
        long before = _family.PendingBytes();
        for (; _next < changes.Length && _family.IsLive; _next++)
        {
            ref readonly ReplayChunk.Change change = ref changes[_next];
            if (_next > first && change.Lsn != _last && _indexes.IsOverfull)
            {
                Taken += _family.PendingBytes() - before;
                return;
            }

            if (change.Lsn != _last && _family.PendingBytes() is var pending && pending > _gatherBytes)
            {
                // A chunk is small, and what its records have in the index need not be.
                Taken += pending - before;
                before = 0;
                _family.ApplyPending(_last);
            }

            _last = change.Lsn;
            if (change.Operation is { } operation)
            {
                ReadOnlySpan<byte> record = chunk.Record(in change);
                if (change.Dropped?.HaveEndedIn(_family, change.Location, record) != true)
                {
                    _family.Project(operation, change.Lsn, change.Location, record);
                }
            }
            else
            {
                _family.Drop(chunk.Drop(in change), change.Lsn);
            }
        }

        // A family that turned out to be damaged on the way is rebuilt later.
        _next = changes.Length;
        _last = chunk.LastLsn == Lsn.None ? _last : chunk.LastLsn;
        Taken += _family.PendingBytes() - before;
        if (_family.PendingBytes() > _gatherBytes)
        {
            Flush();
        }
    }
}
