using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <content>EVENT and AUTH.</content>
internal sealed partial class Connection
{
    /// <summary>How far from now an authentication may be dated (NIP-42).</summary>
    private static readonly TimeSpan s_authWindow = TimeSpan.FromMinutes(10);

    private IdSet _authenticatedAs = IdSet.Empty;
    private HashSet<PublicKey> _keys = [];

    /// <summary>What the client has to sign to authenticate.</summary>
    public string Challenge { get; }

    /// <summary>The keys that the client has authenticated as.</summary>
    public IdSet AuthenticatedAs => Volatile.Read(ref _authenticatedAs);

    /// <summary>Whether the client may see an event: gift wraps are for their recipients (NIP-59).</summary>
    public bool MaySee(in EventView @event) =>
        !Relay.Options.GuardGiftWraps
        || !EventFacts.IsGiftWrap(@event.Kind)
        || EventFacts.IsAddressedTo(@event, Volatile.Read(ref _keys));

    /// <summary>Answers an event that was handed to the intake.</summary>
    public void Answer(NostrEvent @event, bool accepted, string text)
    {
        Outbox.TrySend(RelayMessage.Ok(@event.View.Id, accepted, text));
        Interlocked.Decrement(ref _unanswered);
        try
        {
            _inFlight.Release();
        }
        catch (ObjectDisposedException)
        {
            // The connection ended while its event was checked.
        }
    }

    private ValueTask<bool> HandleEvent(ReadOnlySpan<byte> json)
    {
        if (!_eventRate.TryTake() || !Relay.EventRates.TryTake(Client.Group))
        {
            _toll.Take();
            return ValueTask.FromResult(RefuseEvent(json, "rate-limited: too many events; slow down"));
        }

        if (Relay.IsStopping)
        {
            return ValueTask.FromResult(RefuseEvent(json, "error: the relay is shutting down"));
        }

        if (json.Length > _limits.MaxEventBytes.Bytes)
        {
            return ValueTask.FromResult(
                RefuseEvent(json, $"invalid: an event of {json.Length} bytes; up to {_limits.MaxEventBytes.Bytes} are taken"));
        }

        if (!EventJson.TryParse(json, out NostrEvent? parsed, out EventProblem problem))
        {
            return ValueTask.FromResult(RefuseEvent(json, $"invalid: {problem}"));
        }

        EventView view = parsed.View;
        var source = new AdmissionSource(Client.Address, AuthenticatedAs);
        foreach (IAdmissionRule rule in Relay.Rules)
        {
            if (rule.FindRefusal(view, source) is { } refusal)
            {
                Relay.Metrics.Answered(false, refusal, Relay.Time.GetTimestamp());
                return ValueTask.FromResult(Send(RelayMessage.Ok(view.Id, false, refusal)));
            }
        }

        return SubmitAsync(new IntakeJob(this, parsed, Relay.Time.GetTimestamp()));
    }

    private async ValueTask<bool> SubmitAsync(IntakeJob job)
    {
        await _inFlight.WaitAsync(Closing).ConfigureAwait(false);
        Interlocked.Increment(ref _unanswered);
        await Relay.Intake.SubmitAsync(job).ConfigureAwait(false);
        return true;
    }

    private bool RefuseEvent(ReadOnlySpan<byte> json, string reason)
    {
        Relay.Metrics.Answered(false, reason, Relay.Time.GetTimestamp());
        return FindId(json) is { } id
            ? Send(RelayMessage.Ok(id, false, reason))
            : Bad(reason, isCounted: !reason.StartsWith("rate-limited", StringComparison.Ordinal));
    }

    /// <summary>The id that something claims which is no event, letter for letter, so that its sender can tell what was
    /// refused; null when there is none.</summary>
    private static string? FindId(ReadOnlySpan<byte> json)
    {
        Span<byte> id = stackalloc byte[PublicKey.Bytes];
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isId = reader.ValueTextEquals("id"u8);
                reader.Read();
                if (isId)
                {
                    return reader.TokenType == JsonTokenType.String
                        && reader.ValueSpan.Length == 2 * id.Length
                        && Convert.FromHexString(reader.ValueSpan, id, out _, out _)
                            == System.Buffers.OperationStatus.Done
                        ? reader.GetString()
                        : null;
                }

                reader.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }

        return null;
    }

    /// <summary>Authenticates the client as one more key (NIP-42).</summary>
    private bool HandleAuth(ReadOnlySpan<byte> json)
    {
        if (!EventJson.TryParse(json, out NostrEvent? parsed, out EventProblem problem))
        {
            return RefuseEvent(json, $"invalid: {problem}");
        }

        EventView view = parsed.View;
        string? refusal = FindAuthRefusal(view);
        if (refusal is null)
        {
            Authenticate(PublicKey.Read(view.PublicKey));
        }

        return Send(RelayMessage.Ok(view.Id, refusal is null, refusal ?? ""));
    }

    private string? FindAuthRefusal(in EventView @event)
    {
        long now = Relay.Time.GetUtcNow().ToUnixTimeSeconds();
        if (@event.Kind != EventFacts.AuthKind)
        {
            return $"invalid: kind {@event.Kind}; authentication is of kind {EventFacts.AuthKind}";
        }

        if (Math.Abs((decimal)@event.CreatedAt - now) > (decimal)s_authWindow.TotalSeconds)
        {
            return "invalid: created_at is not close to now";
        }

        if (EventFacts.Find(@event, "challenge"u8) != Challenge)
        {
            return "invalid: the challenge is not the one of this connection";
        }

        if (EventFacts.Find(@event, "relay"u8) is not { } relay || !Relay.Address.IsNamedBy(relay, Host))
        {
            return Relay.Address.IsConfigured
                ? "invalid: the relay tag names another relay"
                : "invalid: the relay tag names another relay, or the operator has not set nostr.relayUrls";
        }

        if (Relay.Verifier.Verify(@event) != VerifyResult.Ok)
        {
            return "invalid: the id or the signature is wrong";
        }

        return _keys.Count >= _limits.MaxAuthenticatedKeys && !_keys.Contains(PublicKey.Read(@event.PublicKey))
            ? $"restricted: up to {_limits.MaxAuthenticatedKeys} keys may authenticate on a connection"
            : null;
    }

    private void Authenticate(PublicKey key)
    {
        HashSet<PublicKey> keys = [.. _keys, key];
        byte[] packed = new byte[keys.Count * PublicKey.Bytes];
        int at = 0;
        foreach (PublicKey one in keys)
        {
            one.Write(packed.AsSpan(at));
            at += PublicKey.Bytes;
        }

        Volatile.Write(ref _keys, keys);
        Volatile.Write(ref _authenticatedAs, IdSet.FromBytes(packed));
    }

    /// <summary>Hides from a query what the client may not see.</summary>
    private sealed class GiftWrapVisibility(Connection connection) : EventVisibility
    {
        public override bool IsVisible(in EventView @event) => connection.MaySee(@event);
    }
}
