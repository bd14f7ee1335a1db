using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Simulation;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise simulate --stacks N</c>: one list of operations over random stacks, all answers equal.</summary>
internal static class StackComparisonRun
{
    /// <summary>Runs it and says what came of it. The stacks of each run are others.</summary>
    public static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, ComparisonPlan plan, CancellationToken cancellation)
    {
        var stacks = new RandomStacks(
            StoreSession.CreateHost(context, arguments),
            warning => context.Console.Error.WriteLine($"mortise: {warning}"));
        var progress = new ProgressLine(context.Console, context.Time);
        SimulationFailure? failure = null;
        long answers = 0;
        int run = 0;
        while (run < plan.Runs && failure is null)
        {
            ulong current = unchecked(plan.Seed + (ulong)run);
            progress.Show(() => $"run {run + 1} of {plan.Runs}, seed {current}");
            var comparison = new StackComparison(stacks.Make(current, plan.Stacks));
            failure = await comparison.RunAsync(current, plan.Steps, cancellation).ConfigureAwait(false);
            answers += comparison.Answers;
            run++;
        }

        progress.Clear();
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(failure, run, answers, plan, output);
        }
        else if (failure is null)
        {
            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{Words.Count(run)} scripts of {plan.Steps} steps, seeds {plan.Seed} to "
                    + $"{unchecked(plan.Seed + (ulong)run - 1)}, each over {plan.Stacks} stacks of "
                    + $"{string.Join(", ", stacks.Components)}: {Words.Count(answers)} answers, all equal"));
        }
        else
        {
            output.Line(failure.ToString());
            output.Line($"repro: {plan.Repro(failure)}");
        }

        return failure is null ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void WriteJson(
        SimulationFailure? failure, int runs, long answers, ComparisonPlan plan, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteBoolean("passed", failure is null);
            json.WriteNumber("runs", runs);
            json.WriteNumber("steps", plan.Steps);
            json.WriteNumber("stacks", plan.Stacks);
            json.WriteNumber("answers", answers);
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

/// <summary>What a comparison was asked for.</summary>
/// <param name="Seed">The first seed.</param>
/// <param name="Runs">How many runs.</param>
/// <param name="Steps">Length of each script.</param>
/// <param name="Stacks">Stacks in each run.</param>
internal sealed record ComparisonPlan(ulong Seed, int Runs, int Steps, int Stacks)
{
    /// <summary>The command line that shows a failure again.</summary>
    public string Repro(SimulationFailure failure) => string.Create(
        CultureInfo.InvariantCulture,
        $"mortise simulate --stacks {Stacks} --seed {failure.Seed} --runs 1 --steps {failure.Steps}");
}
