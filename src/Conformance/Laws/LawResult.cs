using System.Text;

namespace Mortise.Conformance;

/// <summary>A verdict with its reasons.</summary>
public sealed class LawResult
{
    /// <summary>The law.</summary>
    public required Law Law { get; init; }

    /// <summary>The subject's name.</summary>
    public required string Subject { get; init; }

    /// <summary>The verdict.</summary>
    public required LawVerdict Verdict { get; init; }

    /// <summary>What was expected and what was found, in a sentence or a few; empty when it passed.</summary>
    public string Finding { get; init; } = "";

    /// <summary>The shortest list of operations found that breaks the law; empty when there is none.</summary>
    public IReadOnlyList<string> Script { get; init; } = [];

    /// <summary>What happened on the disks of the check's last processes and what the component wrote to its log; empty
    /// when it passed.</summary>
    public IReadOnlyList<string> Transcript { get; init; } = [];

    /// <summary>What the component threw, with its stack, when that is how it broke the law; empty otherwise.</summary>
    public string Cause { get; init; } = "";

    /// <summary>The seed that gives the same verdict again.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The tier that was run.</summary>
    public required LawTier Tier { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>True unless the law is broken or could not be checked.</summary>
    public bool IsGood => Verdict is not (LawVerdict.Failed or LawVerdict.Errored);

    /// <summary>The finding with the operations that lead to it.</summary>
    public string Detail
    {
        get
        {
            StringBuilder text = new(Finding);
            foreach (string operation in Script)
            {
                text.Append("\n  ").Append(operation);
            }

            return text.ToString();
        }
    }

    /// <summary>One line that runs it again.</summary>
    public string Reproduction => $"MORTISE_SEED={Seed} {Subject} {Law.Contract} {Law.Id} ({Tier})";

    /// <summary>For test frameworks: throws when the verdict is not good.</summary>
    public void ThrowIfBroken()
    {
        if (!IsGood)
        {
            throw new LawBrokenException(
                $"{Subject} and {Law.Contract} law {Law}\n{Verdict}: {Detail}\nagain with: {Reproduction}"
                + (Cause.Length == 0 ? "" : $"\ncaused by: {Cause}"));
        }
    }

    /// <summary>The law, the verdict and the detail.</summary>
    public override string ToString() => $"{Law.Id} {Verdict}{(Detail.Length == 0 ? "" : ": " + Detail)}";
}
