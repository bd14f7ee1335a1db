using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>Options of <see cref="SimpleLog"/>.</summary>
public sealed class SimpleLogOptions : IValidatedOptions
{
    /// <summary>The largest payload of one record, 1 byte to 1 MiB.</summary>
    public ByteSize MaxPayload { get; set; } = new(SimpleLogFormat.MaxPayloadBytes);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxPayload.Bytes is < 1 or > SimpleLogFormat.MaxPayloadBytes)
        {
            yield return new OptionProblem(nameof(MaxPayload), "must be 1 byte to 1MiB");
        }
    }
}
