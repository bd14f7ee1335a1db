using System.Diagnostics;
using System.Reflection;
using Mortise.Conformance.Reports;

namespace Mortise.Conformance.Running;

/// <summary>Checks the laws of every component of a plugin, each group of laws in a process of its own.</summary>
public static class ConformanceRun
{
    /// <summary>The version of the laws.</summary>
    public static string KitVersion { get; } =
        typeof(Law).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion
            .Split('+')[0];

    /// <summary>Runs it.</summary>
    /// <param name="request">What to check.</param>
    /// <param name="done">Told each verdict as it comes, from any thread, one at a time; null for nobody.</param>
    /// <param name="cancellation">Ends all processes.</param>
    /// <exception cref="Host.Loading.PluginLoadException">The plugin cannot be loaded.</exception>
    /// <exception cref="Host.Configuration.StackException">An option is wrong.</exception>
    /// <exception cref="FormatException">A known failure is about nothing that is checked.</exception>
    public static async Task<ConformanceReport> ExecuteAsync(
        ConformanceRequest request, Action<LawResult>? done = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        DateTimeOffset began = TimeProvider.System.GetUtcNow();
        long start = Stopwatch.GetTimestamp();
        PluginUnderTest plugin = PluginUnderTest.Load(request.Folder, request.Settings);
        double factor = MachineFactor.Measure();
        SubjectLaws[] subjects =
            [.. plugin.Catalog.Subjects.Where(each => request.Contract is null || each.Contract == request.Contract)];
        request.Known.RequireAbout(subjects);
        var today = DateOnly.FromDateTime(began.UtcDateTime);
        Dictionary<(string Subject, string Law), LawResult> results = [];
        Dictionary<string, string> offers = [];
        TimeSpan processorTime = TimeSpan.Zero;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = request.Jobs, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Groups(request, subjects), parallel, async (group, stop) =>
        {
            WorkerProcess worker = new(request, group.Subject, factor);
            await worker.CheckAsync(group.Laws, Record, stop).ConfigureAwait(false);
            lock (results)
            {
                processorTime += worker.ProcessorTime;
                offers[group.Subject.Name] = worker.Offers;
            }
        }).ConfigureAwait(false);
        return new ConformanceReport
        {
            Plugin = plugin.Facts,
            Machine = MachineFactor.Describe(factor),
            KitVersion = KitVersion,
            Seed = request.Seed,
            Tier = request.Tier,
            Began = began,
            Duration = Stopwatch.GetElapsedTime(start),
            ProcessorTime = processorTime,
            Command = request.Command,
            Subjects = [.. subjects.Select(subject => plugin.Describe(
                subject, offers.GetValueOrDefault(subject.Name, ""), [.. Ordered(subject)]))],
        };

        void Record(LawResult checkedResult)
        {
            LawResult result = request.Known.Judge(checkedResult, today);
            lock (results)
            {
                results.Add((result.Subject, result.Law.Id), result);
                done?.Invoke(result);
            }
        }

        IEnumerable<LawResult> Ordered(SubjectLaws subject) => subject.Laws.Select(law =>
            results.TryGetValue((subject.Name, law.Id), out LawResult? result)
                ? result
                : LawResults.Skipped(
                    law, subject.Name, new LawSettings { Seed = request.Seed, Tier = request.Tier }));
    }

    private static List<(SubjectLaws Subject, IReadOnlyList<Law> Laws)> Groups(
        ConformanceRequest request, IEnumerable<SubjectLaws> subjects) =>
    [
        .. from subject in subjects
           from laws in subject.Laws.Where(request.Wants).GroupBy(law => law.Group)
           select (subject, (IReadOnlyList<Law>)[.. laws]),
    ];
}
