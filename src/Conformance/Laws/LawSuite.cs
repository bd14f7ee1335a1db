using System.Diagnostics;

namespace Mortise.Conformance;

/// <summary>The laws of one contract and how to check them.</summary>
/// <typeparam name="TSubject">What the contract's components are handed in as.</typeparam>
/// <remarks>Framework-neutral; <c>src/Conformance.Xunit</c> makes tests of it.</remarks>
public sealed class LawSuite<TSubject>
    where TSubject : ILawSubject
{
    private readonly List<Law> _laws = [];
    private readonly Dictionary<string, Action<LawRun, TSubject>> _checks = [];

    /// <summary>All laws, in order of their ids' groups.</summary>
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
        Law law = _laws.Find(each => each.Id == id) ?? throw new ArgumentException($"there is no law '{id}'", nameof(id));
        long start = Stopwatch.GetTimestamp();
        LawVerdict verdict = LawVerdict.Failed;
        string detail = $"still running after {settings.HangLimit}";
        Exception? cause = null;
        LawNeeds missing = law.Needs & ~subject.Offers();
        if (missing != LawNeeds.None)
        {
            return Result(LawVerdict.NotApplicable, $"it does not offer {missing}", null);
        }

        // A thread of its own: a component that hangs is a verdict, not the end of the run.
        Thread checker = new(() =>
        {
            try
            {
                _checks[law.Id](new LawRun(law, settings), subject);
                verdict = LawVerdict.Passed;
                detail = "";
            }
            catch (LawBrokenException broken)
            {
                cause = broken.InnerException;
                detail = broken.Message;
            }
#pragma warning disable CA1031 // Whatever a component throws where nothing may be thrown breaks the law.
            catch (Exception thrown)
#pragma warning restore CA1031
            {
                cause = thrown;
                detail = $"unexpected {thrown.GetType().Name}: {thrown.Message}";
            }
        })
        {
            IsBackground = true,
            Name = $"law {law.Id}",
        };
        checker.Start();
        bool ended = checker.Join(settings.HangLimit);
        return ended
            ? Result(verdict, detail, cause)
            : Result(LawVerdict.Failed, $"still running after {settings.HangLimit}", null);

        LawResult Result(LawVerdict found, string text, Exception? thrown) => new()
        {
            Law = law,
            Subject = subject.Name,
            Verdict = found,
            Detail = text,
            Cause = thrown,
            Seed = settings.Seed,
            Tier = settings.Tier,
            Duration = Stopwatch.GetElapsedTime(start),
        };
    }

    /// <summary>Checks all laws.</summary>
    /// <param name="subject">The component.</param>
    /// <param name="settings">Null for the defaults.</param>
    /// <param name="skip">Laws to leave out; null for none.</param>
    public IReadOnlyList<LawResult> CheckAll(TSubject subject, LawSettings? settings = null, Predicate<Law>? skip = null)
    {
        ArgumentNullException.ThrowIfNull(subject);
        settings ??= new LawSettings();
        List<LawResult> results = [];
        foreach (Law law in _laws)
        {
            results.Add(skip?.Invoke(law) == true
                ? new LawResult
                {
                    Law = law,
                    Subject = subject.Name,
                    Verdict = LawVerdict.SkippedByUser,
                    Seed = settings.Seed,
                    Tier = settings.Tier,
                }
                : Check(law.Id, subject, settings));
        }

        return results;
    }

    internal LawSuite<TSubject> Add(Law law, Action<LawRun, TSubject> check)
    {
        _checks.Add(law.Id, check);
        _laws.Add(law);
        return this;
    }
}
