namespace Mortise.Indexing;

/// <summary>Fields of a record by name, so that a plugin need not know how the domain encodes records.</summary>
/// <remarks>Which fields there are is the domain's to say, in its documentation; a name that it does not know has no
/// values. Valid during the call that received it.</remarks>
public interface IRecordFields
{
    /// <summary>Finds one value of a field.</summary>
    /// <param name="name">The field's name, UTF-8.</param>
    /// <param name="index">0 for the first value.</param>
    /// <param name="value">The value's bytes; they die with the record.</param>
    /// <returns>False when the field has no value of that index.</returns>
    bool TryGet(ReadOnlySpan<byte> name, int index, out ReadOnlySpan<byte> value);
}
