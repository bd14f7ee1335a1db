using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Simulation;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise simulate</c>: runs the stack in a simulated world with power cuts and an oracle.</summary>
internal static class SimulateCommand
{
    private const int DefaultSteps = 60;

    // Small parts meet their limits often; each is set where the plugin has such an option.
    private static readonly (string Property, string Value)[] s_small =
    [
        ("SegmentSize", "64KiB"), ("Prewrite", "16KiB"), ("WriteBuffer", "8KiB"), ("PageSize", "4KiB"),
        ("MemoryBudget", "64KiB"),
    ];

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var seed = new Option<ulong>("--seed")
        {
            Description = "The first seed; each run takes the next.",
            HelpName = "S",
            DefaultValueFactory = static _ => 1,
        };
        var runs = new Option<int>("--runs")
        {
            Description = "How many runs.",
            HelpName = "N",
            DefaultValueFactory = static _ => 10,
        };
        var steps = new Option<int>("--steps")
        {
            Description = "Length of each run's script.",
            HelpName = "K",
            DefaultValueFactory = static _ => DefaultSteps,
        };
        var mode = new Option<string>("--mode")
        {
            Description = "The sync mode: always, batch or never. Without it: the stack's.",
            HelpName = "MODE",
        };
        var sweep = new Option<bool>("--sweep")
        {
            Description = "Cut the power once at every disk operation of each run, and twice more during recovery.",
        };
        var stacks = new Option<int>("--stacks")
        {
            Description = "Runs each script, with questions and without power cuts, over N random stacks of all "
                + "installed plugins instead: all answers must be equal.",
            HelpName = "N",
        };
        mode.AcceptOnlyFromAmong("always", "batch", "never");
        var command = new Command(
            "simulate",
            "Runs the stack on a simulated disk with power cuts, and checks every promise. Exit 1 on a failure.")
        {
            seed, runs, steps, mode, sweep, stacks,
        };
        command.SetAction((arguments, cancellation) => arguments.GetResult(stacks) is null
            ? RunAsync(
                context,
                arguments,
                arguments.GetValue(seed),
                AtLeastOne("--runs", arguments.GetValue(runs)),
                AtLeastOne("--steps", arguments.GetValue(steps)),
                arguments.GetValue(mode),
                arguments.GetValue(sweep),
                cancellation)
            : StackComparisonRun.RunAsync(
                context,
                arguments,
                new ComparisonPlan(
                    arguments.GetValue(seed),
                    AtLeastOne("--runs", arguments.GetValue(runs)),
                    AtLeastOne("--steps", arguments.GetValue(steps)),
                    arguments.GetValue(stacks) is var count and > 1
                        ? count
                        : throw new BadInputException($"--stacks {arguments.GetValue(stacks)}: must be 2 or more")),
                cancellation));
        return command;
    }

    private static int AtLeastOne(string option, int value) =>
        value > 0 ? value : throw new BadInputException($"{option} {value}: must be 1 or more");

    /// <summary>Runs a simulation and says what came of it.</summary>
    /// <param name="context">The tool.</param>
    /// <param name="simulation">What to run.</param>
    /// <param name="plan">How often, and how it was asked for.</param>
    /// <param name="cancellation">Stops between runs.</param>
    internal static async Task<int> RunAsync(
        CommandContext context, StoreSimulation simulation, SimulationPlan plan, CancellationToken cancellation)
    {
        var progress = new ProgressLine(context.Console, context.Time);
        SimulationFailure? failure = null;
        int run = 0;
        while (run < plan.Runs && failure is null)
        {
            cancellation.ThrowIfCancellationRequested();
            ulong current = unchecked(plan.Seed + (ulong)run);
            progress.Show(() => $"run {run + 1} of {plan.Runs}, seed {current}");
            failure = plan.IsSweep
                ? await simulation.SweepAsync(current, plan.Steps, cancellation: cancellation).ConfigureAwait(false)
                : await simulation.RunAsync(current, plan.Steps).ConfigureAwait(false);
            run++;
        }

        progress.Clear();
        using var output = new OutputWriter(context.Console.Output);
        if (plan.AsJson)
        {
            WriteJson(failure, run, simulation.Counts, plan, output);
        }
        else if (failure is null)
        {
            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{Words.Count(run)} runs of {plan.Steps} steps, seeds {plan.Seed} to "
                + $"{unchecked(plan.Seed + (ulong)run - 1)}, {Words.Count(simulation.Counts.PowerCuts)} power cuts "
                + $"({Words.Count(simulation.Counts.CutsWhileOpening)} while opening), "
                + $"{Words.Count(simulation.Counts.Kills)} kills, {Words.Count(simulation.Counts.TornCommits)} torn commits, mode {plan.Mode}: every promise was kept"));
        }
        else
        {
            output.Line(failure.ToString());
            output.Line($"repro: {plan.Repro(failure)}");
        }

        return failure is null ? ExitCode.Ok : ExitCode.Failed;
    }

    private static Task<int> RunAsync(
        CommandContext context,
        ParseResult arguments,
        ulong seed,
        int runs,
        int steps,
        string? mode,
        bool sweep,
        CancellationToken cancellation)
    {
        ResolvedStack stack = Resolve(context, arguments, mode);
        var plan = new SimulationPlan(
            seed,
            runs,
            steps,
            Words.OneWord(stack.Engine.SyncMode.ToString()),
            [
                .. context.Options.Stack(arguments) is { } file ? (string[])[$"--stack {file}"] : [],
                .. context.Options.Overrides(arguments).Select(static set => $"--set {set}"),
            ],
            context.Options.Json(arguments))
        {
            IsSweep = sweep,
        };
        return RunAsync(context, new StoreSimulation(world => SimulatedStack.Compose(stack, world)), plan, cancellation);
    }

    private static ResolvedStack Resolve(CommandContext context, ParseResult arguments, string? mode)
    {
        string data = context.Options.Data(arguments);
        MortiseHost host = StoreSession.CreateHost(context, arguments);
        ResolvedStack asWritten = host.Resolve(StoreSession.ReadStack(context, arguments, data));
        var overrides = new List<string>();
        Shrink(asWritten.Log);
        Shrink(asWritten.Records);
        foreach (ResolvedFamily family in asWritten.Families)
        {
            Shrink(family.Structure);
        }

        if (asWritten.Cache is not null)
        {
            overrides.Add("cache.budget=1MiB");
        }

        if (mode is not null)
        {
            overrides.Add($"wal.syncMode={mode}");
        }

        // What the command line says itself counts last.
        return host.Resolve(StoreSession.ReadStack(context, arguments, data, overrides));

        void Shrink(ResolvedComponent component)
        {
            foreach ((string property, string value) in s_small)
            {
                if (component.Component.OptionsType.GetProperty(property) is not null)
                {
                    overrides.Add($"{component.Place}.{char.ToLowerInvariant(property[0])}{property[1..]}={value}");
                }
            }
        }
    }

    private static void WriteJson(
        SimulationFailure? failure, int runs, SimulationCounts counts, SimulationPlan plan, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteBoolean("passed", failure is null);
            json.WriteNumber("runs", runs);
            json.WriteNumber("steps", plan.Steps);
            json.WriteString("mode", plan.Mode);
            json.WriteNumber("powerCuts", counts.PowerCuts);
            json.WriteNumber("cutsWhileOpening", counts.CutsWhileOpening);
            json.WriteNumber("kills", counts.Kills);
            json.WriteNumber("tornCommits", counts.TornCommits);
            if (failure is not null)
            {
                failure.WriteTo(json);
                json.WriteString("repro", plan.Repro(failure));
            }

            json.WriteEndObject();
        }

        output.EndLine();
    }
}

/// <summary>What a simulation was asked for.</summary>
/// <param name="Seed">The first seed.</param>
/// <param name="Runs">How many runs.</param>
/// <param name="Steps">Length of each script.</param>
/// <param name="Mode">The sync mode.</param>
/// <param name="Settings">What else was on the command line, for the repro.</param>
/// <param name="AsJson">True for a program.</param>
internal sealed record SimulationPlan(
    ulong Seed, int Runs, int Steps, string Mode, IReadOnlyList<string> Settings, bool AsJson)
{
    /// <summary>True to cut the power at every disk operation.</summary>
    public bool IsSweep { get; init; }

    /// <summary>The command line that shows a failure again.</summary>
    public string Repro(SimulationFailure failure) => string.Join(
        ' ',
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"mortise simulate --seed {failure.Seed} --runs 1 --steps {failure.Steps} --mode {Mode}"),
            .. IsSweep ? (string[])["--sweep"] : [],
            .. Settings,
        ]);
}
