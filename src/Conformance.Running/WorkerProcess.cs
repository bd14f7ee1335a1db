using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace Mortise.Conformance.Running;

/// <summary>Checks laws of one group in processes of their own; what kills such a process is a verdict.</summary>
internal sealed class WorkerProcess(ConformanceRequest request, SubjectLaws subject, double machineFactor)
{
    private const int MaxErrorLines = 60;

    private readonly LawSettings _settings = new() { Tier = request.Tier, Seed = request.Seed };
    private TimeSpan _ofThisProcess;

    /// <summary>Processor time of all processes so far.</summary>
    public TimeSpan ProcessorTime { get; private set; }

    /// <summary>What the component said that it offers.</summary>
    public string Offers { get; private set; } = "";

    /// <summary>Checks laws in order; after one that took its process with it the next process goes on.</summary>
    /// <param name="laws">The laws.</param>
    /// <param name="done">Told each verdict.</param>
    /// <param name="cancellation">Ends the process.</param>
    public async Task CheckAsync(IReadOnlyList<Law> laws, Action<LawResult> done, CancellationToken cancellation)
    {
        int next = 0;
        while (next < laws.Count)
        {
            string temporary = Directory.CreateTempSubdirectory("mortise-laws-").FullName;
            try
            {
                next += await RunOneAsync([.. laws.Skip(next)], temporary, done, cancellation).ConfigureAwait(false);
            }
            finally
            {
                Delete(temporary);
            }
        }
    }

    /// <returns>How many laws have a verdict; at least one.</returns>
    private async Task<int> RunOneAsync(
        List<Law> laws, string temporary, Action<LawResult> done, CancellationToken cancellation)
    {
        _ofThisProcess = TimeSpan.Zero;
        using Process process = Start(temporary);
        Queue<string> errors = [];
        Task readingErrors = ReadErrorsAsync(process, errors);
        Channel<string> lines = Channel.CreateUnbounded<string>();
        Task reading = ReadLinesAsync(process, lines.Writer);
        try
        {
            WorkOrder order = new(
                request.Folder,
                request.Settings,
                subject.Name,
                [.. laws.Select(law => law.Id)],
                request.Tier,
                request.Seed);
            await SendAsync(process, order).ConfigureAwait(false);
            Watchdog watchdog = new(process, request.Tier, machineFactor);
            (int verdicts, string? hang) = await FollowAsync(watchdog, laws, lines.Reader, done, cancellation)
                .ConfigureAwait(false);
            if (verdicts == laws.Count)
            {
                return verdicts;
            }

            _ofThisProcess = watchdog.Used;
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            await readingErrors.ConfigureAwait(false);
            string said = string.Join('\n', errors);
            done(hang is not null
                ? LawResults.Of(laws[verdicts], subject.Name, _settings, LawVerdict.Failed, hang, said)
                : LawResults.Of(
                    laws[verdicts], subject.Name, _settings, LawVerdict.Failed, Ended(process.ExitCode), said));
            return verdicts + 1;
        }
        finally
        {
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            await readingErrors.ConfigureAwait(false);
            ProcessorTime += _ofThisProcess;
        }
    }

    private async Task<(int Verdicts, string? Hang)> FollowAsync(
        Watchdog watchdog, List<Law> laws, ChannelReader<string> lines, Action<LawResult> done,
        CancellationToken cancellation)
    {
        watchdog.Restart();
        int verdicts = 0;
        Task<bool> more = lines.WaitToReadAsync(cancellation).AsTask();
        while (verdicts < laws.Count)
        {
            if (await Task.WhenAny(more, Task.Delay(Watchdog.Interval, cancellation)).ConfigureAwait(false) != more)
            {
                cancellation.ThrowIfCancellationRequested();
                if (watchdog.Look() is { } hang)
                {
                    return (verdicts, hang);
                }

                continue;
            }

            if (!await more.ConfigureAwait(false))
            {
                return (verdicts, null);
            }

            while (lines.TryRead(out string? text))
            {
                if (WorkJson.TryReadLine(text) is not { } line)
                {
                    continue;
                }

                watchdog.Restart();
                if (line.Verdict is { } verdict)
                {
                    _ofThisProcess = TimeSpan.FromSeconds(line.ProcessorSeconds);
                    Offers = line.Offers;
                    done(Result(laws[verdicts], line, verdict));
                    verdicts++;
                }
            }

            more = lines.WaitToReadAsync(cancellation).AsTask();
        }

        return (verdicts, null);
    }

    private LawResult Result(Law law, WorkLine line, LawVerdict verdict) => new()
    {
        Law = law,
        Subject = subject.Name,
        Verdict = verdict,
        Finding = line.Finding,
        Script = line.Script,
        Transcript = line.Transcript,
        Cause = line.Cause,
        Seed = request.Seed,
        Tier = request.Tier,
        Duration = TimeSpan.FromSeconds(line.Seconds),
    };

    /// <param name="temporary">Where it makes its temporary files, which it seldom lives to delete.</param>
    private Process Start(string temporary)
    {
        ProcessStartInfo start = new(request.Worker.FileName)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            UseShellExecute = false,
        };
        foreach (string argument in request.Worker.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // Laws allocate much and keep little: one heap for each processor would only cost memory.
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment[OperatingSystem.IsWindows() ? "TMP" : "TMPDIR"] = temporary;
        return Process.Start(start)
            ?? throw new InvalidOperationException($"'{request.Worker.FileName}' does not start");
    }

    private static async Task SendAsync(Process process, WorkOrder order)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(WorkJson.Write(order)).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read; what it said on its way out is told with the first law.
        }
    }

    private static async Task ReadLinesAsync(Process process, ChannelWriter<string> to)
    {
        while (await process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            to.TryWrite(line);
        }

        to.Complete();
    }

    private static async Task ReadErrorsAsync(Process process, Queue<string> last)
    {
        while (await process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            last.Enqueue(line);
            if (last.Count > MaxErrorLines)
            {
                last.Dequeue();
            }
        }
    }

    private static string Ended(int exitCode)
    {
        string how = exitCode switch
        {
            134 => " (aborted: an exception on a thread of its own, a stack overflow or a fail-fast)",
            139 => " (a segmentation fault)",
            137 => " (killed from outside, perhaps for want of memory)",
            _ => "",
        };
        return $"its process ended with exit code {exitCode}{how} while this law was checked";
    }

    private static void Delete(string temporary)
    {
        try
        {
            Directory.Delete(temporary, recursive: true);
        }
        catch (IOException)
        {
            // Somebody else has a file of it open, where that matters. Verdicts do not depend on it, and it lies where
            // the system deletes what is left.
        }
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
