using System.Diagnostics;

namespace Mortise.Conformance.Running;

/// <summary>Tells a law that hangs from one that has not had its turn on a busy machine.</summary>
/// <remarks>No limit is a time on the clock. A law hangs when its process has used more processor time on it than any
/// law needs, or when nothing in its process wants to run, at many looks in a row.</remarks>
internal sealed class Watchdog(Process process, LawTier tier, double machineFactor)
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // At 10 looks a second at most, 15 seconds without anything that wants to run.
    private const int MaxIdleLooks = 150;

    // A process that polls is asleep at most looks; one that works has used more than this between two of them.
    private static readonly TimeSpan s_idlePerLook = TimeSpan.FromMilliseconds(8);

    private readonly TimeSpan _processorLimit = machineFactor * tier switch
    {
        LawTier.Smoke => TimeSpan.FromMinutes(2),
        LawTier.Standard => TimeSpan.FromMinutes(15),
        _ => TimeSpan.FromHours(3),
    };

    private TimeSpan _atBegin;
    private int _idleLooks;

    /// <summary>Processor time of the process at the last look.</summary>
    public TimeSpan Used { get; private set; }

    /// <summary>A law begins.</summary>
    public void Restart()
    {
        _atBegin = Used = UsedNow();
        _idleLooks = 0;
    }

    /// <summary>Looks once.</summary>
    /// <returns>Why the law hangs, or null when it does not.</returns>
    public string? Look()
    {
        TimeSpan used = UsedNow();
        _idleLooks = used - Used < s_idlePerLook && !AnyThreadWantsToRun() ? _idleLooks + 1 : 0;
        Used = used;
        return used - _atBegin > _processorLimit
            ? $"it hangs: it used {(used - _atBegin).TotalSeconds:0} s of processor time on this law and did not end"
            : _idleLooks > MaxIdleLooks
                ? "it hangs: every thread of its process waits, and none is ever woken"
                : null;
    }

    private TimeSpan UsedNow()
    {
        process.Refresh();
        return process.HasExited ? Used : process.TotalProcessorTime;
    }

    private bool AnyThreadWantsToRun()
    {
        try
        {
            foreach (string task in Directory.EnumerateDirectories($"/proc/{process.Id}/task"))
            {
                string stat = File.ReadAllText(Path.Combine(task, "stat"));
                char state = stat[stat.LastIndexOf(')') + 2];
                if (state is 'R' or 'D')
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or a thread ended while it was looked at: the processor time alone decides.
            return false;
        }
    }
}
