using System.Diagnostics;
using Mortise.Conformance.Reports;

namespace Mortise.Conformance;

/// <summary>The laws of one contract and how to check them.</summary>
/// <typeparam name="TSubject">What the contract's components are handed in as.</typeparam>
/// <remarks>Framework-neutral; <c>src/Conformance.Xunit</c> makes tests of it.</remarks>
public sealed class LawSuite<TSubject>
    where TSubject : ILawSubject
{
    private readonly List<Law> _laws = [];
    private readonly Dictionary<string, Action<LawRun, TSubject>> _checks = [];
    private string _group = "";

    /// <summary>All laws, in order of their groups.</summary>
    public IReadOnlyList<Law> Laws => _laws;

    /// <summary>All ids, each as the arguments of one test case.</summary>
    public IEnumerable<object[]> Ids()
    {
        foreach (Law law in _laws)
        {
            yield return [law.Id];
        }
    }

    /// <summary>Checks one law.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="subject">The component.</param>
    /// <param name="settings">Null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no such law.</exception>
    public LawResult Check(string id, TSubject subject, LawSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(subject);
        settings ??= new LawSettings();
        Law law = Find(id);
        long start = Stopwatch.GetTimestamp();
        Outcome outcome = new(LawVerdict.Failed, $"still running after {settings.HangLimit}");
        Outcome judged = outcome;

        // A thread of its own: a component that hangs is a verdict, not the end of the run.
        Thread checker = new(() => judged = Judge(law, subject, settings))
        {
            IsBackground = true,
            Name = $"law {law.Id}",
        };
        checker.Start();
        if (checker.Join(settings.HangLimit))
        {
            outcome = judged;
        }

        return new LawResult
        {
            Law = law,
            Subject = subject.Name,
            Verdict = outcome.Verdict,
            Finding = outcome.Finding,
            Script = outcome.Script ?? [],
            Transcript = outcome.Transcript ?? [],
            Cause = outcome.Cause?.ToString() ?? "",
            Seed = settings.Seed,
            Tier = settings.Tier,
            Duration = Stopwatch.GetElapsedTime(start),
        };
    }

    /// <summary>Checks all laws.</summary>
    /// <param name="subject">The component.</param>
    /// <param name="settings">Null for the defaults.</param>
    /// <param name="skip">Laws to leave out; null for none.</param>
    public IReadOnlyList<LawResult> CheckAll(
        TSubject subject, LawSettings? settings = null, Predicate<Law>? skip = null)
    {
        ArgumentNullException.ThrowIfNull(subject);
        settings ??= new LawSettings();
        return [.. _laws.Select(law => skip?.Invoke(law) == true
            ? LawResults.Skipped(law, subject.Name, settings)
            : Check(law.Id, subject, settings))];
    }

    /// <summary>What is added from here on belongs to this group.</summary>
    internal LawSuite<TSubject> Group(string name)
    {
        _group = name;
        return this;
    }

    internal LawSuite<TSubject> Add(Law law, Action<LawRun, TSubject> check)
    {
        law.Group = _group;
        _checks.Add(law.Id, check);
        _laws.Add(law);
        return this;
    }

    private Law Find(string id) =>
        _laws.Find(each => each.Id == id) ?? throw new ArgumentException($"there is no law '{id}'", nameof(id));

    private Outcome Judge(Law law, TSubject subject, LawSettings settings)
    {
        LawNeeds offers;
        try
        {
            offers = subject.Offers();
        }
#pragma warning disable CA1031 // Whatever it throws, nothing can be checked of a component that does not open.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return new Outcome(
                LawVerdict.Errored,
                $"it does not open in an empty directory: {thrown.GetType().Name}: {thrown.Message}",
                thrown);
        }

        LawNeeds missing = law.Needs & ~offers;
        if (missing != LawNeeds.None)
        {
            return JudgeRefusal(missing, subject, settings);
        }

        return (law.Without & offers) == LawNeeds.None
            ? Run(law, subject, settings)
            : new Outcome(LawVerdict.NotApplicable, $"it offers {ReportWords.Of(law.Without & offers)}");
    }

    /// <summary>What a component says that it does not offer it must not offer, and there may be a law to say what that
    /// means.</summary>
    private Outcome JudgeRefusal(LawNeeds missing, TSubject subject, LawSettings settings)
    {
        if (_laws.Find(each => (each.Without & missing) != LawNeeds.None) is not { } refusal)
        {
            return new Outcome(LawVerdict.NotApplicable, $"it does not offer {ReportWords.Of(missing)}");
        }

        Outcome outcome = Run(refusal, subject, settings);
        return outcome.Verdict == LawVerdict.Passed
            ? new Outcome(
                LawVerdict.RefusedCorrectly, $"it says that it does not offer {ReportWords.Of(missing)}, and keeps "
                    + $"{refusal.Id} for that")
            : outcome with
            {
                Finding = $"it says that it does not offer {ReportWords.Of(missing)}, and breaks {refusal.Id} for "
                    + "that: "
                    + outcome.Finding,
            };
    }

    private Outcome Run(Law law, TSubject subject, LawSettings settings)
    {
        LawTranscript transcript = LawTranscript.Begin();
        try
        {
            _checks[law.Id](new LawRun(law, settings), subject);
            return new Outcome(LawVerdict.Passed, "");
        }
        catch (LawBrokenException broken)
        {
            return new Outcome(
                LawVerdict.Failed, broken.Message, Cause(broken), broken.Script, transcript.Lines());
        }
#pragma warning disable CA1031 // Whatever a component throws where nothing may be thrown breaks the law.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return new Outcome(
                LawVerdict.Failed,
                $"unexpected {thrown.GetType().Name}: {thrown.Message}",
                thrown,
                null,
                transcript.Lines());
        }
    }

    /// <summary>What the component threw; the kit's own exceptions say nothing that is not in the finding.</summary>
    private static Exception? Cause(Exception broken)
    {
        Exception? cause = broken;
        while (cause is LawBrokenException)
        {
            cause = cause.InnerException;
        }

        return cause;
    }

    private sealed record Outcome(
        LawVerdict Verdict,
        string Finding,
        Exception? Cause = null,
        IReadOnlyList<string>? Script = null,
        IReadOnlyList<string>? Transcript = null);
}
