namespace Mortise.Conformance.Running;

/// <summary>How to start a process that calls <see cref="LawWorker.Run"/>.</summary>
/// <param name="FileName">The program.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record WorkerCommand(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>This program again, with other arguments.</summary>
    /// <param name="assembly">The path of this program's own assembly, for when it was started by
    /// <c>dotnet</c>.</param>
    /// <param name="arguments">What makes it a worker.</param>
    public static WorkerCommand OfThisProgram(string assembly, params string[] arguments)
    {
        string program = Environment.ProcessPath ?? "dotnet";
        bool isMuxer = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return new WorkerCommand(program, isMuxer ? [assembly, .. arguments] : arguments);
    }
}
