namespace Mortise.Cli;

/// <summary>What the process answers to its caller.</summary>
internal static class ExitCode
{
    /// <summary>Everything asked for was done.</summary>
    public const int Ok = 0;

    /// <summary>The world failed: a store, a plugin, a device.</summary>
    public const int Failed = 1;

    /// <summary>The caller's input is not usable: arguments, stack file, filter, events.</summary>
    public const int BadInput = 2;
}
