namespace Mortise.Conformance;

/// <summary>What a script does to an index.</summary>
internal enum IndexOpKind
{
    /// <summary>Applies a batch of so many changes.</summary>
    Apply = 1,

    /// <summary>Checkpoints.</summary>
    Checkpoint = 2,

    /// <summary>Closes and opens again.</summary>
    Reopen = 3,

    /// <summary>Runs signalled background work.</summary>
    Background = 4,

    /// <summary>Begins a checkpoint, applies a batch, and waits for the checkpoint.</summary>
    CheckpointBeside = 5,

    /// <summary>Packs; checkpoints an index that does not offer it.</summary>
    Pack = 6,

    /// <summary>Begins a pack, applies a batch, and waits for the pack.</summary>
    PackBeside = 7,
}

/// <summary>One operation of a script.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Changes">Changes in the batch.</param>
/// <param name="Seed">Decides the batch's keys and values.</param>
internal readonly record struct IndexOp(IndexOpKind Kind, int Changes, int Seed)
{
    public override string ToString() => Kind switch
    {
        IndexOpKind.Apply => $"apply({Changes} changes of seed {Seed})",
        IndexOpKind.CheckpointBeside => $"checkpoint() beside apply({Changes} changes of seed {Seed})",
        IndexOpKind.Checkpoint => "checkpoint()",
        IndexOpKind.Pack => "pack()",
        IndexOpKind.PackBeside => $"pack() beside apply({Changes} changes of seed {Seed})",
        IndexOpKind.Reopen => "reopen() and replay",
        _ => "run background work",
    };

    public static List<IndexOp> Mixed(Random random, int count, int maxChanges)
    {
        List<IndexOp> ops = [];
        for (int i = 0; i < count; i++)
        {
            int seed = random.Next();
            int changes = random.Next(1, maxChanges + 1);
            ops.Add(random.Next(100) switch
            {
                < 60 => new IndexOp(IndexOpKind.Apply, changes, seed),
                < 72 => new IndexOp(IndexOpKind.Checkpoint, 0, 0),
                < 75 => new IndexOp(IndexOpKind.Pack, 0, 0),
                < 82 => new IndexOp(IndexOpKind.CheckpointBeside, changes, seed),
                < 90 => new IndexOp(IndexOpKind.Reopen, 0, 0),
                _ => new IndexOp(IndexOpKind.Background, 0, 0),
            });
        }

        return ops;
    }
}
