namespace Mortise.Conformance;

/// <summary>What a script does to a record store.</summary>
internal enum RecordOpKind
{
    /// <summary>Plans and applies a commit of so many puts and some deletions.</summary>
    Apply = 1,

    /// <summary>Checkpoints.</summary>
    Checkpoint = 2,

    /// <summary>Closes and opens again.</summary>
    Reopen = 3,

    /// <summary>Runs signalled background work.</summary>
    Background = 4,

    /// <summary>Begins a checkpoint, applies a commit, and waits for the checkpoint.</summary>
    CheckpointBeside = 5,
}

/// <summary>One operation of a script.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Puts">Records put.</param>
/// <param name="Seed">Decides lengths, bytes and deletions.</param>
internal readonly record struct RecordOp(RecordOpKind Kind, int Puts, int Seed)
{
    public override string ToString() => Kind switch
    {
        RecordOpKind.Apply => $"apply({Puts} puts of seed {Seed})",
        RecordOpKind.CheckpointBeside => $"checkpoint() beside apply({Puts} puts of seed {Seed})",
        RecordOpKind.Checkpoint => "checkpoint()",
        RecordOpKind.Reopen => "reopen() and replay",
        _ => "run background work",
    };

    public static List<RecordOp> Mixed(Random random, int count, int maxPuts)
    {
        List<RecordOp> ops = [];
        for (int i = 0; i < count; i++)
        {
            int seed = random.Next();
            int puts = random.Next(0, maxPuts + 1);
            ops.Add(random.Next(100) switch
            {
                < 60 => new RecordOp(RecordOpKind.Apply, puts, seed),
                < 75 => new RecordOp(RecordOpKind.Checkpoint, 0, 0),
                < 82 => new RecordOp(RecordOpKind.CheckpointBeside, puts, seed),
                < 90 => new RecordOp(RecordOpKind.Reopen, 0, 0),
                _ => new RecordOp(RecordOpKind.Background, 0, 0),
            });
        }

        return ops;
    }
}
