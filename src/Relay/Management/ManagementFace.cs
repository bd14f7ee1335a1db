using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Mortise.Relay;

/// <summary>Management by JSON over HTTP (NIP-86), for the keys that the stack names.</summary>
internal sealed class ManagementFace
{
    public const string ContentType = "application/nostr+json+rpc";

    private const int MaxBody = 65_536;

    private readonly NostrRelay _relay;
    private readonly HashSet<PublicKey> _admins;
    private readonly SortedDictionary<string, Func<JsonArray, Task<JsonNode>>> _methods;

    public ManagementFace(NostrRelay relay)
    {
        _relay = relay;
        _admins = [.. relay.Options.Management.Admins.Select(static a => PublicKey.TryParse(a, out PublicKey key) ? key : default)];
        _methods = new SortedDictionary<string, Func<JsonArray, Task<JsonNode>>>(StringComparer.Ordinal)
        {
            ["banpubkey"] = p => Change(s => s with { BannedKeys = With(s.BannedKeys, Hex(p), Reason(p)) }),
            ["unbanpubkey"] = p => Change(s => s with { BannedKeys = Without(s.BannedKeys, Hex(p)) }),
            ["listbannedpubkeys"] = _ => List("pubkey", relay.Managed.State.BannedKeys),
            ["allowpubkey"] = p => Change(s => s with { AllowedKeys = With(s.AllowedKeys, Hex(p), Reason(p)) }),
            ["unallowpubkey"] = p => Change(s => s with { AllowedKeys = Without(s.AllowedKeys, Hex(p)) }),
            ["listallowedpubkeys"] = _ => List("pubkey", relay.Managed.State.AllowedKeys),
            ["banevent"] = BanEventAsync,
            ["allowevent"] = p => Change(s => s with { BannedEvents = Without(s.BannedEvents, Hex(p)) }),
            ["listbannedevents"] = _ => List("id", relay.Managed.State.BannedEvents),
            ["changerelayname"] = p => Change(s => s with { Name = Text(p) }),
            ["changerelaydescription"] = p => Change(s => s with { Description = Text(p) }),
            ["changerelayicon"] = p => Change(s => s with { Icon = Text(p) }),
            ["allowkind"] = p => Change(s => s with { AllowedKinds = [.. s.AllowedKinds.Append(Kind(p)).Distinct().Order()] }),
            ["disallowkind"] = p => Change(s => s with { AllowedKinds = [.. s.AllowedKinds.Where(k => k != Kind(p))] }),
            ["listallowedkinds"] = _ => Task.FromResult<JsonNode>(
                new JsonArray([.. relay.Managed.State.AllowedKinds.Select(static k => JsonValue.Create(k))])),
            ["blockip"] = BlockAsync,
            ["unblockip"] = p => Change(s => s with { BlockedAddresses = Without(s.BlockedAddresses, Address(p)) }),
            ["listblockedips"] = _ => List("ip", relay.Managed.State.BlockedAddresses),
        };
    }

    public bool IsOn => _admins.Count > 0;

    public async Task HandleAsync(HttpContext context)
    {
        byte[] body = new byte[MaxBody + 1];
        int length = await context.Request.Body
            .ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, context.RequestAborted).ConfigureAwait(false);
        if (length > MaxBody)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }

        (PublicKey key, string? problem) = HttpAuthorization.Check(_relay, context, body[..length]);
        if (problem is not null || !_admins.Contains(key))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Nostr";
            await AnswerAsync(context, new JsonObject { ["error"] = problem ?? "this key does not manage the relay" })
                .ConfigureAwait(false);
            return;
        }

        JsonObject answer;
        try
        {
            answer = new JsonObject { ["result"] = await CallAsync(body.AsMemory(0, length)).ConfigureAwait(false) };
        }
        catch (Exception e) when (e is FormatException or JsonException or StorageException)
        {
            answer = new JsonObject { ["error"] = e.Message };
        }

        await AnswerAsync(context, answer).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, JsonObject answer) =>
        RelayFace.WriteAsync(context, ContentType, JsonSerializer.SerializeToUtf8Bytes(answer));

    private async Task<JsonNode> CallAsync(ReadOnlyMemory<byte> body)
    {
        if (Parse(body) is not JsonObject request || TextOf(request["method"]) is not { } method)
        {
            throw new FormatException("expected an object with a method and params");
        }

        if (method == "supportedmethods")
        {
            return new JsonArray([.. _methods.Keys.Append(method).Select(static m => JsonValue.Create(m))]);
        }

        return _methods.TryGetValue(method, out Func<JsonArray, Task<JsonNode>>? call)
            ? await call(request["params"] as JsonArray ?? []).ConfigureAwait(false)
            : throw new FormatException("there is no such method; see supportedmethods");
    }

    private Task<JsonNode> Change(Func<ManagedState, ManagedState> change)
    {
        _relay.Managed.Change(change);
        return Task.FromResult<JsonNode>(JsonValue.Create(true));
    }

    private async Task<JsonNode> BanEventAsync(JsonArray parameters)
    {
        string id = Hex(parameters);
        await Change(s => s with { BannedEvents = With(s.BannedEvents, id, Reason(parameters)) }).ConfigureAwait(false);
        await _relay.Store.DeleteAsync(Convert.FromHexString(id)).ConfigureAwait(false);
        return JsonValue.Create(true);
    }

    private async Task<JsonNode> BlockAsync(JsonArray parameters)
    {
        string address = Address(parameters);
        await Change(s => s with { BlockedAddresses = With(s.BlockedAddresses, address, Reason(parameters)) })
            .ConfigureAwait(false);
        _relay.Connections.Drop(client => client.Address.ToString() == address, "blocked");
        return JsonValue.Create(true);
    }

    private static Task<JsonNode> List(string name, IReadOnlyDictionary<string, string> entries) =>
        Task.FromResult<JsonNode>(new JsonArray(
            [.. entries.Select(e => new JsonObject { [name] = e.Key, ["reason"] = e.Value })]));

    private static string Text(JsonArray parameters) =>
        (parameters.Count > 0 ? TextOf(parameters[0]) : null)
        ?? throw new FormatException("the first parameter is a string");

    private static JsonNode? Parse(ReadOnlyMemory<byte> body) => InUnicode(
        body, static b => JsonNode.Parse(b.Span, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }));

    /// <summary>A string; null for anything else.</summary>
    private static string? TextOf(JsonNode? node) => InUnicode(
        node, static n => n is JsonValue value && value.TryGetValue(out string? text) ? text : null);

    private static TResult InUnicode<T, TResult>(T from, Func<T, TResult> read)
    {
        try
        {
            return read(from);
        }
        catch (InvalidOperationException)
        {
            // What the library throws when an escape is half of a surrogate pair.
            throw new FormatException("a string that is not Unicode");
        }
    }

    private static string Hex(JsonArray parameters) =>
        PublicKey.TryParse(Text(parameters), out _)
            ? Text(parameters)
            : throw new FormatException("the first parameter is 64 lower-case hexadecimal digits");

    private static string Address(JsonArray parameters) =>
        IPAddress.TryParse(Text(parameters), out IPAddress? address)
            ? ClientAddress.Plain(address).ToString()
            : throw new FormatException("the first parameter is an address");

    private static int Kind(JsonArray parameters) =>
        parameters.Count > 0 && parameters[0] is JsonValue value && value.TryGetValue(out int kind) && kind is >= 0 and <= 65_535
            ? kind
            : throw new FormatException("the first parameter is a kind");

    private static string Reason(JsonArray parameters) =>
        (parameters.Count > 1 ? TextOf(parameters[1]) : null) ?? "";

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> all, string key, string reason) =>
        new(all, StringComparer.Ordinal) { [key] = reason };

    private static Dictionary<string, string> Without(IReadOnlyDictionary<string, string> all, string key)
    {
        var rest = new Dictionary<string, string>(all, StringComparer.Ordinal);
        rest.Remove(key);
        return rest;
    }
}
