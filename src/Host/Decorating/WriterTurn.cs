namespace Mortise.Host.Decorating;

/// <summary>Holds a caller to the promise that what belongs to the writer is called by one thread at a time.</summary>
internal sealed class WriterTurn(ContractCheck check, string what)
{
    private int _taken;

    /// <summary>Takes the turn until it is disposed.</summary>
    /// <exception cref="InvalidOperationException">Another call has it.</exception>
    public Turn Take(string operation) => Interlocked.Exchange(ref _taken, 1) == 0
        ? new Turn(this)
        : throw check.Misused(operation, what);

    /// <summary>The turn.</summary>
    public readonly struct Turn(WriterTurn owner) : IDisposable
    {
        /// <summary>Gives it back.</summary>
        public void Dispose() => Volatile.Write(ref owner._taken, 0);
    }
}
