namespace Mortise.Conformance;

/// <summary>What a script does to a log.</summary>
internal enum LogOpKind
{
    /// <summary>Appends a payload of so many bytes.</summary>
    Append = 1,

    /// <summary>Syncs all that was appended.</summary>
    Sync = 2,

    /// <summary>Truncates so many percent of the durable records.</summary>
    Truncate = 3,

    /// <summary>Closes and opens again.</summary>
    Reopen = 4,

    /// <summary>Runs signalled background work.</summary>
    Background = 5,

    /// <summary>Restarts the log so many LSNs further on.</summary>
    Restart = 6,
}

/// <summary>One operation of a script; its text is what a shrunk failure shows.</summary>
internal readonly record struct LogOp(LogOpKind Kind, int Argument)
{
    public override string ToString() => Kind switch
    {
        LogOpKind.Append => $"append({Argument} bytes)",
        LogOpKind.Truncate => $"truncate({Argument} % of the durable records)",
        LogOpKind.Restart => $"restart(last + {Argument})",
        _ => Kind switch
        {
            LogOpKind.Sync => "sync()",
            LogOpKind.Reopen => "reopen()",
            _ => "run background work",
        },
    };

    /// <summary>A mixed script.</summary>
    public static List<LogOp> Mixed(Random random, int count, int maxPayload, bool truncates = true)
    {
        List<LogOp> ops = [];
        for (int i = 0; i < count; i++)
        {
            ops.Add(random.Next(100) switch
            {
                < 58 => new LogOp(LogOpKind.Append, PayloadSize(random, maxPayload)),
                < 80 => new LogOp(LogOpKind.Sync, 0),
                < 88 => truncates ? new LogOp(LogOpKind.Truncate, random.Next(101)) : new LogOp(LogOpKind.Sync, 0),
                < 94 => new LogOp(LogOpKind.Reopen, 0),
                _ => new LogOp(LogOpKind.Background, 0),
            });
        }

        return ops;
    }

    private static int PayloadSize(Random random, int max) => random.Next(10) switch
    {
        < 5 => random.Next(1, 60),
        < 8 => random.Next(1, Math.Min(max, 1000)),
        _ => random.Next(1, max),
    };
}
