using System.Globalization;
using System.Text;

namespace Mortise.Cli;

/// <summary>Turns names and numbers into what a person or a script reads.</summary>
internal static class Words
{
    /// <summary><c>BadSignature</c> as <c>bad-signature</c>.</summary>
    public static string OneWord(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            if (char.IsUpper(c) && text.Length > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    /// <summary>A whole number with separators: <c>15,519</c>.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A size in the unit that keeps it short: <c>8.4 MiB</c>.</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(
            CultureInfo.InvariantCulture, $"{value.ToString(unit == 0 ? "0" : "0.0")} {units[unit]}");
    }
}
