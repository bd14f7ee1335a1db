namespace Mortise.Nostr;

/// <summary>Checks ids and BIP-340 signatures.</summary>
/// <remarks>Threads: any number at once. With the native library, allocates nothing but what remembers an author's
/// key.</remarks>
/// <param name="schnorr">What checks signatures.</param>
public sealed class EventVerifier(Schnorr schnorr) : IEventVerifier
{
    private readonly Schnorr _schnorr = schnorr ?? throw new ArgumentNullException(nameof(schnorr));

    /// <summary>With the native library where there is one, and without where there is none.</summary>
    public static EventVerifier Default { get; } = new(Schnorr.Default);

    /// <inheritdoc/>
    public string Name => _schnorr.Name;

    /// <inheritdoc/>
    public VerifyResult Verify(EventView view) =>
        !EventId.IsRight(view) ? VerifyResult.BadId
        : !_schnorr.Verify(view.PublicKey, view.Id, view.Signature) ? VerifyResult.BadSignature
        : VerifyResult.Ok;
}
