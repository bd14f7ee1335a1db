namespace Mortise.Host.Configuration;

/// <summary>Guesses what a mistyped name meant.</summary>
internal static class Suggestion
{
    private const int MostListed = 16;

    /// <summary>The part of a message that helps: <c>; did you mean 'x'? known: a, b, x</c>.</summary>
    public static string For(string written, IEnumerable<string> known, string what = "known")
    {
        string[] names = [.. known.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
        {
            return $"; {what}: none";
        }

        string list = string.Join(", ", names.Take(MostListed)) + (names.Length > MostListed ? ", ..." : "");
        return Nearest(written, names) is { } nearest
            ? $"; did you mean '{nearest}'? {what}: {list}"
            : $"; {what}: {list}";
    }

    /// <summary>The most similar name, or null when none is similar enough to be meant.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        string? best = null;
        int least = Math.Max(written.Length < 4 ? 1 : 2, written.Length / 3) + 1;
        foreach (string name in known)
        {
            int distance = Distance(Plain(written), Plain(name));
            if (distance < least)
            {
                (best, least) = (name, distance);
            }
        }

        return best;
    }

    /// <summary>What people confuse counts for nothing: case, '-' and '_'.</summary>
    private static string Plain(string name) =>
        string.Concat(name.Where(c => c is not ('-' or '_'))).ToLowerInvariant();

    /// <summary>Edits (insert, delete, replace, swap neighbours) from one text to the other.</summary>
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            d[i, 0] = i;
        }

        for (int j = 0; j <= b.Length; j++)
        {
            d[0, j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replace, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
