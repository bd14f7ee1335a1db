namespace Mortise.Cli.Commands;

/// <summary>What every command is given.</summary>
/// <param name="Options">The global options.</param>
/// <param name="Console">Where it reads and writes.</param>
internal sealed record CommandContext(GlobalOptions Options, ToolConsole Console)
{
    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
