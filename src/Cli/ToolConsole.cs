namespace Mortise.Cli;

/// <summary>The streams of one run, so that tests can run the tool within their process.</summary>
/// <param name="input">Standard input.</param>
/// <param name="output">Standard output, as bytes.</param>
/// <param name="error">Standard error, as text.</param>
/// <param name="showsProgress">True when <paramref name="error"/> is a terminal.</param>
internal sealed class ToolConsole(Stream input, Stream output, TextWriter error, bool showsProgress)
{
    /// <summary>Standard input.</summary>
    public Stream Input => input;

    /// <summary>Standard output, as bytes.</summary>
    public Stream Output => output;

    /// <summary>Standard error, as text.</summary>
    public TextWriter Error => error;

    /// <summary>True when progress may be drawn on <see cref="Error"/>.</summary>
    public bool ShowsProgress => showsProgress;

    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess() => new(
        Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error, !Console.IsErrorRedirected);
}
