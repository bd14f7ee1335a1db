namespace Mortise.Nostr;

/// <summary>Entries in ascending order of (order, location). One thread at a time.</summary>
/// <remarks>Each stream has a method that begins it, and is begun again after <see cref="End"/>.</remarks>
internal abstract class EntryStream
{
    /// <summary>Entries read from families.</summary>
    public virtual long Examined { get; protected set; }

    /// <summary>Partitions opened.</summary>
    public virtual long Partitions => 0;

    /// <summary>Records read to find the entries.</summary>
    public long Records { get; protected set; }

    /// <summary>True when the stream has done everything already: exact order, distinct, residual conditions, expiry,
    /// and what comes after the resume position.</summary>
    public virtual bool IsFinal => false;

    /// <summary>True when entries may hold their records.</summary>
    public virtual bool KeepsRecords => false;

    /// <summary>Moves to the next entry.</summary>
    public abstract bool MoveNext(out Entry entry);

    /// <summary>Moves on to the first entry that is not before another.</summary>
    public virtual bool SeekTo(in Entry target, out Entry entry)
    {
        while (MoveNext(out entry))
        {
            if (!entry.IsBefore(target))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A record kept in an entry that <see cref="MoveNext"/> returned last or last but one.</summary>
    public virtual ReadOnlySpan<byte> Inline(in Entry entry) => default;

    /// <summary>Gives back what it borrowed and lets go of what it refers to; any number of times.</summary>
    public virtual void End()
    {
        Examined = 0;
        Records = 0;
    }
}
