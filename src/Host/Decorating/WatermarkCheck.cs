namespace Mortise.Host.Decorating;

/// <summary>An LSN that only grows, as seen from any thread, but for the times when everything is discarded.</summary>
internal sealed class WatermarkCheck
{
    private ulong _seen;
    private int _discards;

    /// <summary>Reads the LSN and remembers it.</summary>
    /// <param name="component">Whose LSN it is.</param>
    /// <param name="read">Gives the LSN of now.</param>
    /// <param name="lsn">What it is.</param>
    /// <param name="was">What it had been at least.</param>
    /// <returns>False when it has moved back to <paramref name="lsn"/>.</returns>
    public bool Holds<T>(T component, Func<T, Lsn> read, out Lsn lsn, out Lsn was)
    {
        // In this order: what others note between the two reads must not be held against what was read before.
        int discards = Volatile.Read(ref _discards);
        was = new Lsn(Volatile.Read(ref _seen));
        lsn = read(component);
        if (discards % 2 != 0 || discards != Volatile.Read(ref _discards))
        {
            return true;
        }

        if (lsn < was)
        {
            return false;
        }

        ulong seen = was.Value;
        while (seen < lsn.Value)
        {
            ulong found = Interlocked.CompareExchange(ref _seen, lsn.Value, seen);
            if (found == seen)
            {
                break;
            }

            seen = found;
        }

        return true;
    }

    /// <summary>From here to <see cref="EndDiscard"/> it may move back.</summary>
    public void BeginDiscard()
    {
        Interlocked.Increment(ref _discards);
        Volatile.Write(ref _seen, 0);
    }

    /// <summary>It only grows again.</summary>
    public void EndDiscard()
    {
        Volatile.Write(ref _seen, 0);
        Interlocked.Increment(ref _discards);
    }

    /// <summary>How often a discard began or ended: what was promised before one is void after it.</summary>
    public int Discards => Volatile.Read(ref _discards);
}
