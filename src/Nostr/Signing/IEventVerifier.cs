namespace Mortise.Nostr;

/// <summary>Checks events before they are stored.</summary>
/// <remarks>Threads: any number at once.</remarks>
public interface IEventVerifier
{
    /// <summary>What does the checking, for people: <c>libsecp256k1 (libsecp256k1.so.1)</c>.</summary>
    string Name { get; }

    /// <summary>Checks an event's id, and its signature if the id is right.</summary>
    VerifyResult Verify(EventView view);
}
