using System.CommandLine;
using System.Globalization;
using System.Text;
using Mortise.Cli.Output;
using Mortise.Conformance;
using Mortise.Conformance.Reports;
using Mortise.Conformance.Running;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise conformance</c>: whether a plugin keeps the laws of its contracts, through power cuts and
/// failing devices.</summary>
internal static class ConformanceCommand
{
    private const string WorkerName = "worker";
    private const string DefaultOut = "conformance";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var folder = new Argument<string>("PLUGIN_DIR")
        {
            Description = "The plugin's folder: the one with plugin.json, or one of such folders.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var contract = new Option<string>("--contract")
        {
            Description = "Only components of one contract: log, records, index, cache, partition or terms.",
            HelpName = "C",
        };
        contract.AcceptOnlyFromAmong([.. Enum.GetValues<LawContract>().Select(ReportWords.Key)]);
        var only = Laws("--law", "Only this law, by its id. May be repeated. The run is then partial.");
        var skip = Laws("--skip", "Leaves out this law, by its id. May be repeated. The run is then partial.");
        var known = new Option<string>("--known")
        {
            Description = "A file of known failures, one a line: COMPONENT LAW YYYY-MM-DD REASON. A listed law that "
                + "holds, or whose day has passed, is a failure; the run is partial.",
            HelpName = "FILE",
        };
        var settings = new RunOptions();
        var report = new Option<string>("--report")
        {
            Description = "Kinds of report to write: html, json, junit, with commas between them.",
            HelpName = "KINDS",
        };
        var badge = new Option<bool>("--badge") { Description = "Writes a badge for a README as SVG." };
        var command = new Command(
            "conformance", "Checks the laws that a plugin's components must keep. Exit 1 when one is broken.")
        {
            folder, contract, only, skip, known, report, badge,
            ConformanceMatrixCommand.Create(context), ConformanceGoldenCommand.Create(context),
            LawsCommand(context), WorkerCommandLine(context),
        };
        settings.AddTo(command);
        command.SetAction((arguments, cancellation) => RunAsync(
            context,
            new ConformanceRequest
            {
                Folder = arguments.GetValue(folder)
                    ?? throw new BadInputException("conformance PLUGIN_DIR: which plugin? see --help"),
                Settings = context.Options.Overrides(arguments),
                Contract = arguments.GetValue(contract) is { } key ? ContractOf(key) : null,
                Only = arguments.GetValue(only) ?? [],
                Skip = arguments.GetValue(skip) ?? [],
                Known = Known(arguments.GetValue(known)),
                Tier = settings.Tier(arguments),
                Seed = settings.Seed(arguments),
                Jobs = settings.Jobs(arguments),
                Worker = Worker(),
                Command = Again(
                    context, arguments, arguments.GetValue(folder)!, settings, arguments.GetValue(contract)),
            },
            Kinds(arguments.GetValue(report), arguments.GetValue(badge)),
            settings.Out(arguments) ?? DefaultOut,
            context.Options.Json(arguments),
            cancellation));
        return command;
    }

    /// <summary>How this program is started to check laws for another process of it.</summary>
    internal static WorkerCommand Worker() => WorkerCommand.OfThisProgram(
        typeof(ConformanceCommand).Assembly.Location, "conformance", WorkerName);

    private static Option<string[]> Laws(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "ID",
        DefaultValueFactory = static _ => [],
    };

    private static async Task<int> RunAsync(
        CommandContext context, ConformanceRequest request, IReadOnlySet<string> kinds, string directory, bool asJson,
        CancellationToken cancellation)
    {
        var progress = new ProgressLine(context.Console, context.Time);
        int done = 0;
        int broken = 0;
        ConformanceReport report;
        try
        {
            report = await ConformanceRun.ExecuteAsync(
                request,
                result =>
                {
                    done++;
                    broken += result.IsGood ? 0 : 1;
                    progress.Show(() => $"{done} laws checked, {broken} broken; {result.Subject} {result.Law.Id}");
                },
                cancellation).ConfigureAwait(false);
        }
        catch (FormatException e)
        {
            throw new BadInputException($"--known: {e.Message}");
        }

        progress.Clear();
        if (report.Subjects.Count == 0)
        {
            throw new BadInputException($"{report.Plugin.Id} has no component of a contract that has laws");
        }

        using var output = new OutputWriter(context.Console.Output);
        if (asJson)
        {
            using var json = new MemoryStream();
            JsonReport.Write(report, json);
            output.Line(Encoding.UTF8.GetString(json.ToArray()));
        }
        else
        {
            ConformanceText.Write(report, output);
        }

        foreach (string written in Write(report, kinds, directory))
        {
            context.Console.Error.WriteLine($"mortise: wrote {written}");
        }

        return report.Conforms ? ExitCode.Ok : ExitCode.Failed;
    }

    private static KnownFailures Known(string? path)
    {
        try
        {
            return path is null ? KnownFailures.None : KnownFailures.Parse(Path.GetFileName(path), File.ReadLines(path));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"--known: {e.Message}");
        }
    }

    private static List<string> Write(ConformanceReport report, IReadOnlySet<string> kinds, string directory)
    {
        var written = new List<string>();
        foreach (string kind in kinds)
        {
            Directory.CreateDirectory(directory);
            string name = kind == "junit" ? "junit.xml" : kind == "badge" ? "badge.svg" : $"report.{kind}";
            string path = Path.Combine(directory, $"{report.Plugin.Id}-{name}");
            using FileStream file = File.Create(path);
            switch (kind)
            {
                case "json":
                    JsonReport.Write(report, file);
                    break;
                case "junit":
                    JUnitReport.Write(report, file);
                    break;
                case "badge":
                    file.Write(Encoding.UTF8.GetBytes(BadgeReport.Text(report)));
                    break;
                default:
                    file.Write(Encoding.UTF8.GetBytes(HtmlReport.Text(report)));
                    break;
            }

            written.Add(path);
        }

        return written;
    }

    private static SortedSet<string> Kinds(string? report, bool badge)
    {
        var kinds = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string kind in (report ?? "").Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            kinds.Add(kind is "html" or "json" or "junit"
                ? kind
                : throw new BadInputException($"--report {kind}: must be html, json or junit"));
        }

        if (badge)
        {
            kinds.Add("badge");
        }

        return kinds;
    }

    private static LawContract ContractOf(string key) =>
        Enum.GetValues<LawContract>().First(contract => ReportWords.Key(contract) == key);

    private static string Again(
        CommandContext context, ParseResult arguments, string folder, RunOptions settings, string? contract)
    {
        // Where the folder is on this machine is nobody's business in a report.
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        string place = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(folder)) ?? "");
        string shown = File.Exists(Path.Combine(folder, "plugin.json")) && place.Length > 0 ? $"{place}/{name}" : name;
        string command = string.Create(
            CultureInfo.InvariantCulture,
            $"mortise conformance {shown} --tier {Words.OneWord(settings.Tier(arguments).ToString())} --seed "
                + $"{settings.Seed(arguments)}");
        IEnumerable<string> sets = context.Options.Overrides(arguments).Select(static set => $" --set {set}");
        return command + (contract is null ? "" : $" --contract {contract}") + string.Concat(sets);
    }

    private static Command LawsCommand(CommandContext context)
    {
        var laws = new Command("laws", "Shows all laws of all contracts.");
        laws.SetAction(arguments =>
        {
            using var output = new OutputWriter(context.Console.Output);
            if (context.Options.Json(arguments))
            {
                using var json = new MemoryStream();
                JsonReport.WriteLaws(LawLibrary.All, json);
                output.Line(Encoding.UTF8.GetString(json.ToArray()));
                return ExitCode.Ok;
            }

            foreach (IGrouping<LawContract, Law> contract in LawLibrary.All.GroupBy(static law => law.Contract))
            {
                output.Line($"{ReportWords.Of(contract.Key)} ({ReportWords.Key(contract.Key)})");
                foreach (Law law in contract)
                {
                    output.Line($"  {law.Id,-5} {ReportWords.Of(law.Level),-6} {law.Text}");
                }
            }

            return ExitCode.Ok;
        });
        return laws;
    }

    private static Command WorkerCommandLine(CommandContext context)
    {
        var worker = new Command(WorkerName, "Checks laws for another process of this program.") { Hidden = true };
        worker.SetAction(_ =>
        {
            using var input = new StreamReader(context.Console.Input);
            using var output = new StreamWriter(context.Console.Output);

            // What a plugin writes to the console must not stand between the verdicts.
            Console.SetOut(Console.Error);
            LawWorker.Run(input, output);
            return ExitCode.Ok;
        });
        return worker;
    }
}
