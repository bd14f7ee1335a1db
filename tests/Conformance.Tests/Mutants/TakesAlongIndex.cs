using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>What is applied while a checkpoint is pending gets into the file under the older LSN.</summary>
internal sealed class TakesAlongIndex(IIndexFamily inner) : IndexDecorator(inner)
{
    private IBackgroundWork? _writing;
    private TaskCompletionSource? _pending;
    private Lsn _late;

    public override Lsn AppliedLsn => Lsn.Max(_late, Inner.AppliedLsn);

    public override void Apply(in IndexBatch batch)
    {
        if (_pending is null)
        {
            Inner.Apply(batch);
            return;
        }

        Inner.Apply(new IndexBatch(Lsn.None, batch.Arena, batch.Mutations));
        _late = batch.Lsn;
    }

    public void Use(IBackground background) => _writing = background.Register("writing", _ =>
    {
        TaskCompletionSource? pending = _pending;
        _pending = null;
        if (pending is not null)
        {
            Write(pending);
        }

        return StepResult.Idle;
    });

    // Later, so that it takes along what comes meanwhile; and always, whether something comes or not.
    public override ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        _pending = new TaskCompletionSource();
        ValueTask written = new(_pending.Task);
        _writing!.Signal();
        return written;
    }

    public override async ValueTask DisposeAsync()
    {
        await _writing!.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void Write(TaskCompletionSource pending)
    {
        try
        {
            Inner.CheckpointAsync().AsTask().GetAwaiter().GetResult();
            pending.SetResult();
        }
        catch (Exception e) when (e is StorageException or SimulatedPowerCutException)
        {
            pending.SetException(e);
        }
    }
}
