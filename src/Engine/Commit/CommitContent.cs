using Mortise.Records;

namespace Mortise.Engine;

/// <summary>What <see cref="CommitFormat.Read"/> found in the payload of a log record; used again for the next.</summary>
internal sealed class CommitContent
{
    /// <summary>Offset of a body that is not in the payload.</summary>
    public const int Elsewhere = -1;

    /// <summary>Puts and deletes in order. Offsets of bodies point into the payload, or are <see cref="Elsewhere"/>.</summary>
    public List<RecordMutation> Mutations { get; } = [];

    /// <summary>For each mutation: the check of a body that is elsewhere, else 0. Empty when all are in the payload.</summary>
    public List<ulong> Checks { get; } = [];

    /// <summary>The range that the commit drops before its puts and deletes, or null.</summary>
    public LoggedDrop? Dropped { get; set; }

    /// <summary>Every commit up to here was durable, bodies included, when this one was made; none when it does not
    /// say.</summary>
    public Lsn Durable { get; set; }

    /// <summary>When the commit was made, in milliseconds since 1970.</summary>
    public long Milliseconds { get; set; }

    /// <summary>Bytes of all bodies.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>True when a body is not in the payload.</summary>
    public bool HasReferences => Checks.Count > 0;

    /// <summary>True when the body of a mutation is not in the payload.</summary>
    public bool IsReference(int mutation) => HasReferences && Mutations[mutation].Offset == Elsewhere;

    public void Clear()
    {
        Mutations.Clear();
        Checks.Clear();
        Dropped = null;
        Durable = Lsn.None;
        Milliseconds = 0;
        BodyBytes = 0;
    }

    public void Add(in RecordMutation mutation)
    {
        Mutations.Add(mutation);
        BodyBytes += mutation.Length;
        if (HasReferences)
        {
            Checks.Add(0);
        }
    }

    public void AddReference(RecordLocation location, int length, ulong check)
    {
        while (Checks.Count < Mutations.Count)
        {
            Checks.Add(0);
        }

        Mutations.Add(new RecordMutation(RecordOperation.Put, location, Elsewhere, length));
        BodyBytes += length;
        Checks.Add(check);
    }
}
