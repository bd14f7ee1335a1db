using System.Reflection;
using Mortise.Plugins;

namespace Mortise.Conformance;

/// <summary>Makes the files of a component small, so that rotation, splits and merges happen within some hundred
/// operations.</summary>
public static class SmallOptions
{
    // Smallest first; the first value that the options themselves accept is taken.
    private static readonly (string Property, long[] KiB)[] s_small =
    [
        ("SegmentSize", [16, 64, 256, 1024]),
        ("MaxPayload", [512]),
        ("MaxRecord", [64]),
        ("Prewrite", [8, 64]),
        ("WriteBuffer", [4, 64]),
        ("PageSize", [4, 8, 16]),
        ("MemoryBudget", [64, 256, 1024]),
        ("CacheSize", [64, 1024]),
    ];

    /// <summary>The names of the options that are known, each of type <see cref="ByteSize"/>.</summary>
    public static IEnumerable<string> Names => s_small.Select(small => small.Property);

    /// <summary>Sets every option of a well-known name to the smallest value that the options accept.</summary>
    /// <param name="options">A new instance of a component's options.</param>
    public static void ApplyTo(object options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach ((string name, long[] sizes) in s_small)
        {
            if (options.GetType().GetProperty(name) is { CanWrite: true } property
                && property.PropertyType == typeof(ByteSize))
            {
                Shrink(options, property, sizes);
            }
        }
    }

    private static void Shrink(object options, PropertyInfo property, long[] sizes)
    {
        object? before = property.GetValue(options);
        foreach (long size in sizes)
        {
            property.SetValue(options, ByteSize.KiB(size));
            if (options is not IValidatedOptions validated || !validated.Validate().Any())
            {
                return;
            }
        }

        property.SetValue(options, before);
    }
}
