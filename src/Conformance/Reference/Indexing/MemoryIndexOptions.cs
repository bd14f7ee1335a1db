using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>Options of <see cref="MemoryIndex"/> and of the index that is written whole.</summary>
public sealed class MemoryIndexOptions : IValidatedOptions
{
    private const int LargestValue = ushort.MaxValue;

    /// <summary>The largest value of an entry, 0 to 65,535 bytes.</summary>
    public ByteSize MaxValue { get; set; } = ByteSize.KiB(4);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxValue.Bytes is < 0 or > LargestValue)
        {
            yield return new OptionProblem(nameof(MaxValue), "must be 0 to 65535 bytes");
        }
    }
}
