using System.Buffers;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mortise.Relay;

/// <summary>The relay's information document (NIP-11), written from the values that are enforced.</summary>
internal static class Nip11Document
{
    /// <summary>The program that answers.</summary>
    public const string Software = "mortise";

    /// <summary>Its version.</summary>
    public static string Version { get; } =
        typeof(Nip11Document).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    public static byte[] Write(NostrRelay relay)
    {
        RelayOptions options = relay.Options;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            ManagedState managed = relay.Managed.State;
            json.WriteString("name"u8, relay.Name);
            WriteText(json, "description", relay.Description);
            WriteText(json, "banner", options.Banner);
            WriteText(json, "icon", managed.Icon ?? options.Icon);
            WriteText(json, "pubkey", options.PublicKey);
            WriteText(json, "self", options.Self);
            WriteText(json, "contact", options.Contact);
            json.WriteStartArray("supported_nips"u8);
            foreach (int nip in relay.SupportedNips)
            {
                json.WriteNumberValue(nip);
            }

            json.WriteEndArray();
            json.WriteString("software"u8, Software);
            json.WriteString("version"u8, Version);
            WriteText(json, "terms_of_service", options.TermsOfService);
            WriteLimitation(json, options, managed);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteLimitation(Utf8JsonWriter json, RelayOptions options, ManagedState managed)
    {
        LimitOptions limits = options.Limits;
        AdmissionOptions admission = options.Admission;
        json.WriteStartObject("limitation"u8);
        json.WriteNumber("max_message_length"u8, limits.MaxMessageBytes.Bytes);
        json.WriteNumber("max_subscriptions"u8, limits.MaxSubscriptions);
        json.WriteNumber("max_limit"u8, limits.MaxLimit);
        json.WriteNumber("max_subid_length"u8, limits.MaxSubscriptionIdLength);
        json.WriteNumber("max_event_tags"u8, limits.MaxEventTags);

        // Content is a part of its event, and a character has a byte at least.
        json.WriteNumber(
            "max_content_length"u8,
            Math.Min(limits.MaxContentLength, Math.Min(limits.MaxEventBytes.Bytes, limits.MaxMessageBytes.Bytes)));
        json.WriteNumber("min_pow_difficulty"u8, admission.MinPow);
        json.WriteBoolean("auth_required"u8, options.AuthRequired);
        json.WriteBoolean("payment_required"u8, false);
        json.WriteBoolean(
            "restricted_writes"u8,
            options.AuthRequired || admission.AuthRequired || admission.AllowAuthors.Count > 0 || admission.AllowKinds.Count > 0
            || managed.AllowedKeys.Count > 0 || managed.AllowedKinds.Count > 0 || admission.MinPow > 0
            || admission.Program.Length > 0);
        if (admission.MaxAge > TimeSpan.Zero)
        {
            json.WriteNumber("created_at_lower_limit"u8, (long)admission.MaxAge.TotalSeconds);
        }

        json.WriteNumber("created_at_upper_limit"u8, (long)admission.MaxFuture.TotalSeconds);
        json.WriteNumber("default_limit"u8, Math.Min(limits.DefaultLimit, limits.MaxLimit));
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string value)
    {
        if (value.Length > 0)
        {
            json.WriteString(name, value);
        }
    }
}
