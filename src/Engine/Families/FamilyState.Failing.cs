namespace Mortise.Engine;

/// <content>A family whose code fails while the store opens.</content>
internal sealed partial class FamilyState
{
    /// <summary>Why it is not in force, after its code threw something while the store was opened; null when nothing
    /// did.</summary>
    public StorageException? Failure { get; private set; }

    /// <summary>True for what no contract allows to be thrown while a store opens.</summary>
    public static bool IsFault(Exception e) => e is not (OperationCanceledException or OutOfMemoryException)
        && e is not StorageException { Code: not StorageErrorCode.PluginFault };

    /// <summary>Does something with the family while the store opens; see <see cref="FailOpening"/>.</summary>
    /// <param name="action">Not done when something failed before.</param>
    /// <param name="blame">Names the plugin whose code threw, or gives null.</param>
    public void WhileOpening(Action action, Func<Exception, Exception?> blame)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            action();
        }
        catch (Exception e) when (IsFault(e))
        {
            FailOpening(e, blame);
        }
    }

    /// <summary>Takes the family out of force, where its part allows that. Otherwise the opening ends with a fault that says
    /// which family it was and how the store opens without it: what is in the log, or in the records, would fail each later
    /// opening too.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.PluginFault"/>, under
    /// <see cref="FaultPolicy.Stop"/>.</exception>
    public void FailOpening(Exception e, Func<Exception, Exception?> blame)
    {
        Exception blamed = blame(e) ?? e;
        var fault = new StorageException(
            StorageErrorCode.PluginFault,
            $"index family {Part.Name} failed while the store was opened: {blamed.Message}",
            $"{OpenedParts.IndexesDirectory}/{DirectoryName}",
            advice: "without the family in the stack, or with onFault: ignore, the store opens and answers by other ways; "
                + "the family is built anew when it is back",
            inner: blamed);
        Failure = Part.OnFault == FaultPolicy.Stop ? throw fault : fault;
        foreach (PartitionState partition in _held)
        {
            partition.Pending.Clear();
        }

        EndHolds();
    }
}
