using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>Options of <see cref="SimpleRecordStore"/>.</summary>
public sealed class SimpleRecordStoreOptions : IValidatedOptions
{
    internal const int Largest = 1 << 20;

    /// <summary>The largest record, 1 byte to 1 MiB.</summary>
    public ByteSize MaxRecord { get; set; } = new(Largest);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxRecord.Bytes is < 1 or > Largest)
        {
            yield return new OptionProblem(nameof(MaxRecord), "must be 1 byte to 1MiB");
        }
    }
}
