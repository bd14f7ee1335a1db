using System.Globalization;

namespace Mortise;

/// <summary>A number of bytes, as options name it: <c>4096</c>, <c>8KiB</c>, <c>256MiB</c>, <c>1GiB</c>.</summary>
/// <param name="Bytes">The number of bytes.</param>
public readonly record struct ByteSize(long Bytes)
{
    private static readonly (string Suffix, long Factor)[] s_units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ];

    /// <summary>That many KiB.</summary>
    public static ByteSize KiB(long count) => new(checked(count << 10));

    /// <summary>That many MiB.</summary>
    public static ByteSize MiB(long count) => new(checked(count << 20));

    /// <summary>Reads a whole number with an optional unit; binary (KiB) and decimal (kB) units are both
    /// exact.</summary>
    /// <param name="text">For example <c>64MiB</c>; a space before the unit is allowed, a sign or a fraction is
    /// not.</param>
    /// <param name="size">The size, when the text is one.</param>
    /// <returns>False for anything else, including a value beyond 2^63 - 1 bytes.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out ByteSize size)
    {
        size = default;
        text = text.Trim();
        long factor = 1;
        foreach ((string suffix, long unit) in s_units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                factor = unit;
                text = text[..^suffix.Length].TrimEnd();
                break;
            }
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            || count > long.MaxValue / factor)
        {
            return false;
        }

        size = new ByteSize(count * factor);
        return true;
    }

    /// <summary>The size in the largest binary unit that divides it, for example <c>64MiB</c>.</summary>
    public override string ToString()
    {
        foreach ((string suffix, long factor) in s_units)
        {
            if (suffix.EndsWith("iB", StringComparison.Ordinal) && Bytes >= factor && Bytes % factor == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{Bytes / factor}{suffix}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Bytes}B");
    }
}
