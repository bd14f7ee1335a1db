namespace Mortise.Engine;

/// <summary>Work of the engine itself that has to run between two groups, on the writer.</summary>
internal sealed class EngineCommand(Func<ValueTask> work) : StoreWrite
{
    public override int EstimatedBytes => 0;

    public ValueTask RunAsync() => work();
}
