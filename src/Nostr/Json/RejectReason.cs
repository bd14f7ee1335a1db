namespace Mortise.Nostr;

/// <summary>Why bytes are not an event, as a program must tell it apart. Append-only; numbers are stable.</summary>
public enum RejectReason
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Not UTF-8.</summary>
    NotUtf8 = 1,

    /// <summary>Not one complete JSON value.</summary>
    NotJson = 2,

    /// <summary>Brackets nested deeper than <see cref="EventJson.MaxDepth"/>.</summary>
    TooDeep = 3,

    /// <summary>JSON, and not an object.</summary>
    NotAnObject = 4,

    /// <summary>One of the seven fields is missing.</summary>
    MissingField = 5,

    /// <summary>One of the seven fields is there twice.</summary>
    DuplicateField = 6,

    /// <summary>An id that is not 64 lower-case hexadecimal digits.</summary>
    BadId = 7,

    /// <summary>A pubkey that is not 64 lower-case hexadecimal digits.</summary>
    BadPubKey = 8,

    /// <summary>A sig that is not 128 lower-case hexadecimal digits.</summary>
    BadSig = 9,

    /// <summary>A time that is not a whole number from 0 to 2^63 - 1.</summary>
    BadCreatedAt = 10,

    /// <summary>A kind that is not a whole number from 0 to 65535.</summary>
    BadKind = 11,

    /// <summary>Tags that are not an array of arrays of strings.</summary>
    BadTags = 12,

    /// <summary>A content that is not a string.</summary>
    BadContent = 13,

    /// <summary>A string with half of a surrogate pair, which UTF-8 has no bytes for.</summary>
    LoneSurrogate = 14,
}
