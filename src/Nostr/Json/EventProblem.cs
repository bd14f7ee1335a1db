using System.Globalization;

namespace Mortise.Nostr;

/// <summary>What is wrong with bytes that should be an event, and where.</summary>
/// <param name="Reason">What is wrong.</param>
/// <param name="Offset">The byte where it shows, from 0.</param>
/// <param name="Field">The field that is missing or there twice, or null.</param>
public readonly record struct EventProblem(RejectReason Reason, int Offset, string? Field = null)
{
    /// <summary>The problem in one line.</summary>
    public override string ToString()
    {
        string fact = Reason switch
        {
            RejectReason.None => "no problem",
            RejectReason.NotUtf8 => "not UTF-8",
            RejectReason.NotJson => "not JSON",
            RejectReason.TooDeep => "nested too deep",
            RejectReason.NotAnObject => "not an object",
            RejectReason.MissingField => $"{Field} is missing",
            RejectReason.DuplicateField => $"{Field} is there twice",
            RejectReason.BadId => "id is not 64 lower-case hexadecimal digits",
            RejectReason.BadPubKey => "pubkey is not 64 lower-case hexadecimal digits",
            RejectReason.BadSig => "sig is not 128 lower-case hexadecimal digits",
            RejectReason.BadCreatedAt => "created_at is not a whole number from 0 to 9223372036854775807",
            RejectReason.BadKind => "kind is not a whole number from 0 to 65535",
            RejectReason.BadTags => "tags is not an array of arrays of strings",
            RejectReason.BadContent => "content is not a string",
            RejectReason.LoneSurrogate => "half of a surrogate pair",
            _ => Reason.ToString(),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{fact} (byte {Offset})");
    }
}
