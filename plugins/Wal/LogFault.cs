namespace Mortise.Wal;

/// <summary>The first failure that makes further writing dishonest. Set once; only a reopen clears it.</summary>
internal sealed class LogFault(string component)
{
    private Exception? _cause;

    public Exception? Cause => Volatile.Read(ref _cause);

    public void Set(Exception cause) => Interlocked.CompareExchange(ref _cause, cause, null);

    public void ThrowIfSet()
    {
        if (Cause is { } cause)
        {
            throw StorageException.Faulted(component, cause);
        }
    }
}
