using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Mortise.Host.Configuration;

/// <summary>The single values that options may have: how they are read, written and described.</summary>
internal static class OptionText
{
    private static readonly (string Suffix, long Ticks)[] s_units =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
    ];

    /// <summary>True for a type that one word can say.</summary>
    public static bool IsSingle(Type type) =>
        type == typeof(string) || type == typeof(bool) || type == typeof(int) || type == typeof(long)
        || type == typeof(double) || type == typeof(TimeSpan) || type == typeof(ByteSize) || type.IsEnum;

    /// <summary>What a value of the type looks like, for messages.</summary>
    public static string Describe(Type type) =>
        type == typeof(string) ? "text"
        : type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(TimeSpan) ? "a time such as 100ms, 5s, 5m, 1h or 7d"
        : type == typeof(ByteSize) ? "a size such as 4096, 8KiB, 64MiB or 1GiB"
        : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type).Select(Kebab))}"
        : type.Name;

    /// <summary>Reads a value.</summary>
    public static bool TryRead(Type type, ConfigText from, [NotNullWhen(true)] out object? value)
    {
        string text = from.Text;
        value = null;
        if (type == typeof(string))
        {
            value = text;
        }
        else if (from.IsNothing)
        {
            return false;
        }
        else if (type == typeof(TimeSpan))
        {
            value = TryReadTime(text, out TimeSpan time) ? time : null;
        }
        else if (type == typeof(ByteSize))
        {
            value = ByteSize.TryParse(text, out ByteSize size) ? size : null;
        }
        else if (type.IsEnum)
        {
            string? name = Array.Find(
                Enum.GetNames(type), n => Plain(n).Equals(Plain(text), StringComparison.OrdinalIgnoreCase));
            value = name is null ? null : Enum.Parse(type, name);
        }
        else if (!from.IsQuoted)
        {
            value = ReadUnquoted(type, text);
        }

        return value is not null;
    }

    /// <summary>Writes a value so that <see cref="TryRead"/> gives it back.</summary>
    public static string Write(object value) => value switch
    {
        bool b => b ? "true" : "false",
        TimeSpan t => WriteTime(t),
        Enum e => Kebab(e.ToString()),
        string s => Quote(s),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    /// <summary><c>PageSize</c> is <c>pageSize</c> in a stack.</summary>
    public static string Camel(string property) => char.ToLowerInvariant(property[0]) + property[1..];

    /// <summary><c>InMemory</c> is <c>in-memory</c> in a stack.</summary>
    public static string Kebab(string name)
    {
        var text = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsAsciiLetterUpper(name[i]) && char.IsAsciiLetterLower(name[i - 1]))
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    /// <summary>A YAML text in double quotes.</summary>
    public static string InQuotes(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private static object? ReadUnquoted(Type type, string text)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (type == typeof(bool))
        {
            return text switch { "true" => true, "false" => false, _ => null };
        }

        if (type == typeof(int))
        {
            return int.TryParse(text, NumberStyles.AllowLeadingSign, culture, out int i) ? i : null;
        }

        if (type == typeof(long))
        {
            return long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out long l) ? l : null;
        }

        return type == typeof(double)
            && double.TryParse(text, NumberStyles.Float, culture, out double d) && double.IsFinite(d) ? d : null;
    }

    private static bool TryReadTime(ReadOnlySpan<char> text, out TimeSpan time)
    {
        time = default;
        if (text is "0")
        {
            return true;
        }

        foreach ((string suffix, long ticks) in s_units)
        {
            // "ms" comes before "s" and "m", so the longest unit is the one that is found.
            if (text.EndsWith(suffix, StringComparison.Ordinal))
            {
                ReadOnlySpan<char> number = text[..^suffix.Length].TrimEnd();
                if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
                    || count > long.MaxValue / ticks)
                {
                    return false;
                }

                time = new TimeSpan(count * ticks);
                return true;
            }
        }

        return false;
    }

    private static string WriteTime(TimeSpan time)
    {
        for (int i = s_units.Length - 1; i >= 0; i--)
        {
            (string suffix, long ticks) = s_units[i];
            if (time.Ticks >= ticks && time.Ticks % ticks == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / ticks}{suffix}");
            }
        }

        return "0";
    }

    private static string Plain(string name) => name.Replace("-", "", StringComparison.Ordinal);

    /// <summary>Quotes what YAML would read as something else than text.</summary>
    private static string Quote(string text)
    {
        bool isPlain = text.Length > 0
            && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/')
            && char.IsAsciiLetter(text[0])
            && text is not ("true" or "false" or "null");
        return isPlain ? text : InQuotes(text);
    }
}
