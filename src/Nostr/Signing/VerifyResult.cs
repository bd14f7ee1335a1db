namespace Mortise.Nostr;

/// <summary>Whether an event is what its author signed.</summary>
public enum VerifyResult
{
    /// <summary>It is.</summary>
    Ok = 0,

    /// <summary>The id is not the one that the rest of the event must have.</summary>
    BadId = 1,

    /// <summary>The signature is not the author's signature of the id, or the author's key is not a key.</summary>
    BadSignature = 2,
}
