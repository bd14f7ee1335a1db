using System.Globalization;

namespace Mortise.Conformance;

/// <summary>The last simulated processes of a check, so that a failure can show what happened in them.</summary>
/// <remarks>One for each thread that checks a law; worlds that other threads make are not seen.</remarks>
internal sealed class LawTranscript
{
    private const int MaxProcesses = 3;
    private const int MaxOperations = 40;
    private const int MaxMessages = 10;

    [ThreadStatic]
    private static LawTranscript? s_current;

    private readonly List<(SimWorld World, string Began)> _processes = [];

    /// <summary>Begins the transcript of this thread's check.</summary>
    public static LawTranscript Begin() => s_current = new LawTranscript();

    /// <summary>A world came to be.</summary>
    /// <param name="world">The process.</param>
    /// <param name="before">The process before it on the same disk; null for a new disk.</param>
    /// <param name="began">How the one before ended.</param>
    public static void Note(SimWorld world, SimWorld? before, string began)
    {
        if (s_current is not { } transcript)
        {
            return;
        }

        // What is not a forerunner of this world is another story.
        int known = transcript._processes.FindIndex(process => process.World == before);
        transcript._processes.RemoveRange(known + 1, transcript._processes.Count - known - 1);
        transcript._processes.Add((world, began));
        if (transcript._processes.Count > MaxProcesses)
        {
            transcript._processes.RemoveAt(0);
        }
    }

    /// <summary>The last operations and log messages of each process.</summary>
    public IReadOnlyList<string> Lines()
    {
        List<string> lines = [];
        foreach ((SimWorld world, string began) in _processes)
        {
            lines.Add($"-- {began}");
            IReadOnlyList<SimOperation> operations = world.Disk.Log;
            int left = Math.Max(0, operations.Count - MaxOperations);
            if (left > 0)
            {
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"   ({left} operations before)"));
            }

            lines.AddRange(operations.Skip(left).Select(operation => $"   {operation}"));
            lines.AddRange(world.Log.Messages.TakeLast(MaxMessages).Select(message =>
                $"   log, {message.Level}: {message.Message}"));
            if (world.Disk.IsOff)
            {
                lines.Add("   the power is cut");
            }
        }

        return lines;
    }
}
