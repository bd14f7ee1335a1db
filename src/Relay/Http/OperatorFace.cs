using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mortise.Components;
using Mortise.Host.Composition;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>What operators look at: metrics, health, and the dashboard with its status and its queries.</summary>
/// <remarks>Who may is said by <see cref="RelayOptions.Dashboard"/> and <see cref="RelayOptions.Metrics"/>. Health and
/// readiness answer everybody, with reasons for those who may see the dashboard.</remarks>
internal sealed class OperatorFace : IDisposable
{
    private const int MaxQueryBytes = 65_536;
    private const int MaxEvents = 50;
    private const string NoFurtherContent =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly NostrRelay _relay;
    private readonly StatusDocument _status;
    private readonly MetricsCollector _metrics = new();
    private readonly StatusHistory _history;

    public OperatorFace(NostrRelay relay, ComposedStore? composed)
    {
        _relay = relay;
        _history = new StatusHistory(relay, composed?.Cache);
        _status = new StatusDocument(relay, composed, _history);
    }

    public void Dispose()
    {
        _history.Dispose();
        _metrics.Dispose();
    }

    /// <summary>Whether the dashboard is for this client.</summary>
    public bool ShowsDashboard(HttpContext context) => Allows(context, _relay.Options.Dashboard);

    public static Task WritePageAsync(HttpContext context) => WriteAssetAsync(context, "index.html", "text/html; charset=utf-8");

    public Task StyleAsync(HttpContext context) => Guarded(
        context, _relay.Options.Dashboard, c => WriteAssetAsync(c, "style.css", "text/css; charset=utf-8"));

    public Task ScriptAsync(HttpContext context) => Guarded(
        context, _relay.Options.Dashboard, c => WriteAssetAsync(c, "app.js", "text/javascript; charset=utf-8"));

    public Task MetricsAsync(HttpContext context) => Guarded(
        context,
        _relay.Options.Metrics,
        c => RelayFace.WriteAsync(c, MetricsCollector.ContentType, Encoding.UTF8.GetBytes(_metrics.Write())));

    public Task StatusAsync(HttpContext context) => Guarded(
        context, _relay.Options.Dashboard, c => WriteJsonAsync(c, _status.Write()));

    public Task HealthAsync(HttpContext context) =>
        WriteHealthAsync(context, static health => health.Status != HealthStatus.Failed);

    public Task ReadyAsync(HttpContext context) => WriteHealthAsync(context, static health => health.IsReady);

    public Task QueryAsync(HttpContext context) => Guarded(context, _relay.Options.Dashboard, AnswerAsync);

    private static async Task Guarded(HttpContext context, OperatorAccess access, Func<HttpContext, Task> answer)
    {
        if (Allows(context, access))
        {
            await answer(context).ConfigureAwait(false);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }

    /// <summary>The host is looked at too: a page of a stranger whose name leads here may not read what it
    /// shows.</summary>
    private static bool Allows(HttpContext context, OperatorAccess access) => access switch
    {
        OperatorAccess.Everyone => true,
        OperatorAccess.Loopback => ClientAddress.IsLocal(context) && ClientAddress.IsLocalName(context.Request.Host.Host),
        _ => false,
    };

    private static async Task WriteAssetAsync(HttpContext context, string name, string type)
    {
        using Stream asset = typeof(OperatorFace).Assembly.GetManifestResourceStream(name)!;
        byte[] body = new byte[asset.Length];
        await asset.ReadExactlyAsync(body, context.RequestAborted).ConfigureAwait(false);
        context.Response.Headers.ContentSecurityPolicy = NoFurtherContent;
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        await RelayFace.WriteAsync(context, type, body).ConfigureAwait(false);
    }

    private static Task WriteJsonAsync(HttpContext context, byte[] body)
    {
        context.Response.Headers.CacheControl = "no-store";
        return RelayFace.WriteAsync(context, "application/json", body);
    }

    private async Task WriteHealthAsync(HttpContext context, Func<RelayHealth, bool> isGood)
    {
        RelayHealth health = RelayHealth.Of(_relay, _relay.Store.GetStatistics());
        bool good = isGood(health);
        bool withReasons = ShowsDashboard(context);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("status"u8, StatusDocument.Word(health.Status));
            json.WriteBoolean("ready"u8, health.IsReady);
            json.WriteStartArray("components"u8);
            foreach ((string name, ComponentHealth one) in health.Parts)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, name);
                json.WriteString("status"u8, StatusDocument.Word(one.Status));
                if (withReasons && one.Reason.Length > 0)
                {
                    json.WriteString("reason"u8, one.Reason);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await WriteJsonAsync(context, buffer.WrittenSpan.ToArray()).ConfigureAwait(false);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        // A page of a stranger may send text without asking first, and would have its visitor's relay compute.
        if (!context.Request.HasJsonContentType())
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        byte[]? body = await ReadBodyAsync(context).ConfigureAwait(false);
        if (body is null)
        {
            await RefuseAsync(context, $"more than {MaxQueryBytes} bytes").ConfigureAwait(false);
            return;
        }

        try
        {
            IReadOnlyList<Filter> filters = Filter.ParseRequest(body);
            using var late = new CancellationTokenSource(_relay.Options.Limits.QueryTime, _relay.Time);
            await _relay.QueryTurns.WaitAsync(ClientAddress.Of(context, _relay.Options).Group, late.Token).ConfigureAwait(false);
            try
            {
                await WriteJsonAsync(context, Answer(filters, late.Token)).ConfigureAwait(false);
            }
            finally
            {
                _relay.QueryTurns.Release();
            }
        }
        catch (Exception e) when (e is FilterFormatException or ArgumentException or OperationCanceledException)
        {
            await RefuseAsync(context, e is OperationCanceledException ? "the query took too long" : e.Message)
                .ConfigureAwait(false);
        }
    }

    private static Task RefuseAsync(HttpContext context, string text)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return RelayFace.WriteAsync(context, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));
    }

    private byte[] Answer(IReadOnlyList<Filter> filters, CancellationToken cancellation)
    {
        Filter[] limited =
            [.. filters.Select(static f => f.WithLimit(Math.Min(f.Limit ?? MaxEvents, MaxEvents)))];
        using EventQuery query = _relay.Store.OpenQuery(
            limited, new PublicVisibility(_relay.Options.GuardGiftWraps), true, cancellation);
        var sink = new EventsSink(new ArrayBufferWriter<byte>());
        while (sink.Count < MaxEvents && query.PushNext(ref sink))
        {
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("plan"u8, query.Explain(sink.Count).ToString());
            json.WritePropertyName("events"u8);
            json.WriteRawValue((byte[])[(byte)'[', .. sink.Json.WrittenSpan, (byte)']'], skipInputValidation: true);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static async Task<byte[]?> ReadBodyAsync(HttpContext context)
    {
        byte[] body = new byte[MaxQueryBytes + 1];
        int length = await context.Request.Body.ReadAtLeastAsync(
            body, body.Length, throwOnEndOfStream: false, context.RequestAborted).ConfigureAwait(false);
        return length > MaxQueryBytes ? null : body[..length];
    }

    /// <summary>What a client sees that has not authenticated.</summary>
    private sealed class PublicVisibility(bool guards) : EventVisibility
    {
        public override bool IsVisible(in EventView @event) => !guards || !EventFacts.IsGiftWrap(@event.Kind);
    }

    private struct EventsSink(ArrayBufferWriter<byte> json) : IEventSink
    {
        public readonly ArrayBufferWriter<byte> Json => json;

        public int Count { get; private set; }

        public bool Accept(in EventView @event)
        {
            if (Count++ > 0)
            {
                json.Write(","u8);
            }

            EventJson.Write(@event, json);
            return true;
        }
    }
}
