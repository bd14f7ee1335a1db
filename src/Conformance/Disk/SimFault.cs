namespace Mortise.Conformance;

/// <summary>A fault planted on a simulated disk.</summary>
public sealed class SimFault
{
    private int _met;

    internal SimFault(SimOperationKind kinds, string glob, int nth, SimFaultEffect effect, bool sticky)
    {
        Kinds = kinds;
        Glob = glob;
        Nth = nth;
        Effect = effect;
        IsSticky = sticky;
    }

    /// <summary>The operations it looks at.</summary>
    public SimOperationKind Kinds { get; }

    /// <summary>The paths it looks at; <c>*</c> stands for any characters, <c>?</c> for one.</summary>
    public string Glob { get; }

    /// <summary>The matching operation that it hits, from 1.</summary>
    public int Nth { get; }

    /// <summary>What it does.</summary>
    public SimFaultEffect Effect { get; }

    /// <summary>True when it hits every matching operation from the <see cref="Nth"/> on.</summary>
    public bool IsSticky { get; }

    /// <summary>How often it hit. 0 after a run means that <see cref="Nth"/> is past the end: a sweep stops
    /// there.</summary>
    public int Fired { get; private set; }

    internal bool Hits(SimOperationKind kind, string path)
    {
        if ((Kinds & kind) == 0 || !Matches(Glob, path))
        {
            return false;
        }

        _met++;
        bool hits = _met == Nth || (IsSticky && _met > Nth);
        Fired += hits ? 1 : 0;
        return hits;
    }

    internal static bool Matches(ReadOnlySpan<char> glob, ReadOnlySpan<char> path)
    {
        if (glob.IsEmpty)
        {
            return path.IsEmpty;
        }

        if (glob[0] == '*')
        {
            for (int skip = 0; skip <= path.Length; skip++)
            {
                if (Matches(glob[1..], path[skip..]))
                {
                    return true;
                }
            }

            return false;
        }

        return !path.IsEmpty && (glob[0] == '?' || glob[0] == path[0]) && Matches(glob[1..], path[1..]);
    }
}
