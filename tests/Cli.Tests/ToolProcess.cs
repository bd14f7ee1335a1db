using System.Diagnostics;

namespace Mortise.Cli.Tests;

/// <summary>The built tool as a process of its own.</summary>
internal sealed class ToolProcess : IDisposable
{
    private readonly Process _process;

    private ToolProcess(Process process)
    {
        _process = process;
        Errors = process.StandardError.ReadToEndAsync();
    }

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    /// <summary>What it wrote to standard error, once it has ended.</summary>
    public Task<string> Errors { get; }

    public static ToolProcess Start(params string[] arguments) => StartUnder([], arguments);

    /// <summary>Starts the tool below another program, such as a tracer that injects faults.</summary>
    public static ToolProcess StartUnder(string[] wrapper, params string[] arguments) =>
        StartWith(wrapper, Surroundings.Plugins, arguments);

    /// <summary>Starts the tool over other plugins than the bundled ones.</summary>
    public static ToolProcess StartOver(string plugins, params string[] arguments) => StartWith([], plugins, arguments);

    private static ToolProcess StartWith(string[] wrapper, string plugins, string[] arguments)
    {
        string[] command = [.. wrapper, "dotnet"];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in (string[])
            [.. command[1..], Surroundings.Tool, .. arguments, "--plugins", plugins])
        {
            start.ArgumentList.Add(argument);
        }

        return new ToolProcess(Process.Start(start)!);
    }

    /// <summary>kill -9: no handler of the tool runs.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM, as a service is stopped.</summary>
    public void Terminate()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
