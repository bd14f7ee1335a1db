using System.Text;

namespace Mortise.Cli.Tests;

/// <summary>Runs the tool within the test's process and keeps what it wrote.</summary>
internal sealed record ToolRun(int Exit, byte[] Output, string Error)
{
    public string Text => Encoding.UTF8.GetString(Output);

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs one command line over the bundled plugins.</summary>
    public static Task<ToolRun> OfAsync(params string[] arguments) => OfAsync([], arguments);

    /// <summary>Runs one command line over other plugins.</summary>
    public static Task<ToolRun> WithPluginsAsync(string plugins, params string[] arguments) =>
        RunAsync([], plugins, arguments);

    /// <summary>Runs one command line with some standard input.</summary>
    public static Task<ToolRun> OfAsync(byte[] input, params string[] arguments) =>
        RunAsync(input, Surroundings.Plugins, arguments);

    private static async Task<ToolRun> RunAsync(byte[] input, string plugins, string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var console = new ToolConsole(new MemoryStream(input), output, error, showsProgress: false);
        int exit = await MortiseTool.RunAsync([.. arguments, "--plugins", plugins], console);
        return new ToolRun(exit, output.ToArray(), error.ToString());
    }

    /// <summary>The run itself, when it ended well; otherwise the test fails with what the tool said.</summary>
    public ToolRun Succeeded()
    {
        Assert.True(Exit == ExitCode.Ok, $"exit {Exit}: {Error}");
        return this;
    }
}
