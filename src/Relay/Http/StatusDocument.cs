using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Memory;

namespace Mortise.Relay;

/// <summary>What the dashboard shows, as JSON: the stack, its health, counts, and the last minutes.</summary>
internal sealed class StatusDocument(NostrRelay relay, ComposedStore? composed, StatusHistory history)
{
    private readonly long _began = Stopwatch.GetTimestamp();

    public static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "failed",
    };

    public byte[] Write()
    {
        EngineStatistics statistics = relay.Store.GetStatistics();
        RelayHealth health = RelayHealth.Of(relay, statistics);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name"u8, relay.Name);
            json.WriteString("description"u8, relay.Description);
            json.WriteString("version"u8, Nip11Document.Version);
            json.WriteNumber("uptimeSeconds"u8, Stopwatch.GetElapsedTime(_began).TotalSeconds);
            json.WriteString("health"u8, Word(health.Status));
            json.WriteBoolean("ready"u8, health.IsReady);
            json.WriteNumber("connections"u8, relay.Connections.Count);
            json.WriteNumber("subscriptions"u8, relay.Live.Count);
            json.WriteStartArray("nips"u8);
            foreach (int nip in relay.SupportedNips)
            {
                json.WriteNumberValue(nip);
            }

            json.WriteEndArray();
            WriteStore(json, statistics);
            WriteStack(json, statistics, health);
            WriteFamilies(json, statistics);
            WriteSamples(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteStore(Utf8JsonWriter json, EngineStatistics statistics)
    {
        json.WriteStartObject("store"u8);
        json.WriteNumber("events"u8, statistics.Records.LiveRecords);
        json.WriteNumber(
            "bytes"u8,
            statistics.Records.DiskBytes + statistics.Log.DiskBytes
            + statistics.Families.Sum(static f => f.Partitions.Sum(static p => p.Index.DiskBytes)));
        json.WriteNumber("lsn"u8, statistics.Lsn.Value);
        json.WriteNumber("durableLsn"u8, statistics.DurableLsn.Value);
        json.WriteEndObject();
    }

    private void WriteStack(Utf8JsonWriter json, EngineStatistics statistics, RelayHealth health)
    {
        ResolvedStack? stack = composed?.Stack;
        json.WriteStartObject("stack"u8);
        json.WritePropertyName("relay"u8);
        WritePart(json, "relay", null, $"Mortise {Nip11Document.Version}, signatures by {relay.Verifier.Name}", Find("relay"));
        json.WritePropertyName("engine"u8);
        WritePart(
            json,
            "engine",
            null,
            stack is null
                ? $"store {statistics.StoreId}"
                : $"sync mode {stack.Engine.SyncMode.ToString().ToLowerInvariant()}, store {statistics.StoreId}",
            Find("store"));
        json.WriteStartArray("parts"u8);
        WritePart(json, "log", stack?.Log, $"{statistics.Log.Segments} segments, {statistics.Log.Syncs} syncs", Find("wal"));
        WritePart(
            json,
            "records",
            stack?.Records,
            $"{statistics.Records.LiveRecords} live, {statistics.Records.DeadRecords} dead, "
            + $"{statistics.Records.Segments} segments",
            Find("records"));
        if (stack?.Cache is { } cache)
        {
            WritePart(json, "cache", cache, $"budget {stack.CacheBudget}", ComponentHealth.Healthy);
        }

        json.WriteEndArray();
        json.WriteStartArray("families"u8);
        foreach (FamilyStatistics family in statistics.Families)
        {
            ResolvedFamily? resolved = stack?.Families.FirstOrDefault(f => f.Name == family.Name);
            string scheme = resolved is null ? "" : $", partitioned by {resolved.Partition}";
            WritePart(
                json, family.Name, resolved?.Structure, family.Projection + scheme, Find($"indexes/{family.Name}"));
        }

        json.WriteEndArray();
        json.WriteEndObject();

        ComponentHealth Find(string name) => health.Parts.First(p => p.Name == name).Health;
    }

    private static void WritePart(
        Utf8JsonWriter json, string role, ResolvedComponent? component, string detail, ComponentHealth health)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        if (component is not null)
        {
            json.WriteString("plugin"u8, component.Component.Descriptor.Id);
            json.WriteString("version"u8, component.Component.Identity.PluginVersion);
        }

        json.WriteString("detail"u8, detail);
        json.WriteString("health"u8, Word(health.Status));
        json.WriteString("reason"u8, health.Reason);
        json.WriteEndObject();
    }

    private void WriteFamilies(Utf8JsonWriter json, EngineStatistics statistics)
    {
        IReadOnlyList<CacheShare> shares = composed?.Cache?.Shares ?? [];
        json.WriteStartArray("families"u8);
        foreach (FamilyStatistics family in statistics.Families)
        {
            CacheShare[] own =
                [.. shares.Where(s => s.Instance.StartsWith($"indexes/{family.Name}/", StringComparison.Ordinal))];
            long asked = own.Sum(static s => s.Hits + s.Misses);
            json.WriteStartObject();
            json.WriteString("name"u8, family.Name);
            json.WriteNumber("entries"u8, family.Partitions.Sum(static p => p.Index.Entries));
            json.WriteNumber("disk"u8, family.Partitions.Sum(static p => p.Index.DiskBytes));
            json.WriteNumber("memory"u8, family.Partitions.Sum(static p => p.Index.MemoryBytes));
            WriteNumber(json, "hitRatio", asked == 0 ? double.NaN : own.Sum(static s => s.Hits) / (double)asked);
            json.WriteStartArray("partitions"u8);
            foreach (PartitionStatistics partition in family.Partitions)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, partition.Name);
                json.WriteNumber("entries"u8, partition.Index.Entries);
                json.WriteNumber("disk"u8, partition.Index.DiskBytes);
                json.WriteNumber("memory"u8, partition.Index.MemoryBytes);
                json.WriteBoolean("open"u8, partition.IsOpen);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteSamples(Utf8JsonWriter json)
    {
        DateTimeOffset now = relay.Time.GetUtcNow();
        json.WriteStartArray("samples"u8);
        foreach (StatusSample sample in history.Recent)
        {
            json.WriteStartObject();
            json.WriteNumber("at"u8, (now - relay.Time.GetElapsedTime(sample.At)).ToUnixTimeMilliseconds());
            json.WriteNumber("accepted"u8, sample.Accepted);
            json.WriteNumber("refused"u8, sample.Refused);
            json.WriteNumber("sent"u8, sample.Sent);
            json.WriteNumber("queries"u8, sample.Queries);
            WriteNumber(json, "answerP50", sample.AnswerP50);
            WriteNumber(json, "answerP99", sample.AnswerP99);
            WriteNumber(json, "queryP50", sample.QueryP50);
            WriteNumber(json, "queryP99", sample.QueryP99);
            json.WriteNumber("connections"u8, sample.Connections);
            json.WriteNumber("subscriptions"u8, sample.Subscriptions);
            json.WriteNumber("memoryBytes"u8, sample.MemoryBytes);
            json.WriteNumber("cacheBytes"u8, sample.CacheBytes);
            WriteNumber(json, "cacheHitRatio", sample.CacheHitRatio);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>What was not measured is null: JSON has no NaN.</summary>
    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsNaN(value))
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteNumber(name, value);
        }
    }
}
