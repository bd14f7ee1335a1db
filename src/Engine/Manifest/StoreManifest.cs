using System.Text.Json.Serialization;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>What the store knows about its own parts: who wrote each, in which format, and how far it had got at the last
/// checkpoint. See FORMAT.md.</summary>
public sealed class StoreManifest
{
    /// <summary>The format version written now.</summary>
    public const int CurrentFormatVersion = 6;

    /// <summary>The store's id; the same id is in the header of every file of the store.</summary>
    public required Guid StoreId { get; init; }

    /// <summary>True for a copy that was never opened: its records say how far it has got, it has no indexes yet, and its
    /// log begins behind the records.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsCopy { get; init; }

    /// <summary>The last checkpoint: every part contains every commit up to here, given its own durable LSN below.</summary>
    public required ulong CheckpointLsn { get; init; }

    /// <summary>Who wrote the log.</summary>
    public required ManifestPart Log { get; init; }

    /// <summary>Who wrote the records.</summary>
    public required ManifestPart Records { get; init; }

    /// <summary>The record store's durable LSN at the checkpoint.</summary>
    public required ulong RecordsDurableLsn { get; init; }

    /// <summary>The index families.</summary>
    public required IReadOnlyList<ManifestFamily> Families { get; init; }

    /// <summary>Ranges that were dropped and whose records are not all deleted yet; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ManifestDrop>? Drops { get; init; }
}

/// <summary>A range that was dropped and whose records are not all deleted yet.</summary>
public sealed class ManifestDrop
{
    /// <summary>The first ordinal.</summary>
    public required long First { get; init; }

    /// <summary>The last ordinal.</summary>
    public required long Last { get; init; }

    /// <summary>Records of the range are in force no more when their location is below.</summary>
    public required ulong Below { get; init; }

    /// <summary>About how many are left.</summary>
    public required long Records { get; init; }

    internal static IReadOnlyList<ManifestDrop>? From(IReadOnlyList<PendingDrop> drops) => drops.Count == 0
        ? null
        : [.. drops.Select(static drop => new ManifestDrop
        {
            First = drop.Range.First,
            Last = drop.Range.Last,
            Below = drop.Below.Value,
            Records = drop.Left,
        })];

    internal static ManifestDrop From(LoggedDrop drop) => new()
    {
        First = drop.Range.First,
        Last = drop.Range.Last,
        Below = drop.Below.Value,
        Records = drop.Records,
    };

    internal PendingDrop ToPending() =>
        new(new OrdinalRange(First, Last), new RecordLocation(Below), Records);
}

/// <summary>Who wrote a part.</summary>
public sealed class ManifestPart
{
    /// <summary>The plugin's id.</summary>
    public required string PluginId { get; init; }

    /// <summary>The plugin's version.</summary>
    public required string PluginVersion { get; init; }

    /// <summary>The component's id.</summary>
    public required string ComponentId { get; init; }

    /// <summary>The format's name.</summary>
    public required string FormatName { get; init; }

    /// <summary>The format's version.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The oldest version that files of the part may still have, when that is not <see cref="FormatVersion"/>: they
    /// were written before the plugin wrote that, and were not upgraded since.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? OldestFormatVersion { get; init; }

    /// <summary>The same, also when it is <see cref="FormatVersion"/>.</summary>
    [JsonIgnore]
    public int OldestVersion => OldestFormatVersion ?? FormatVersion;

    internal static ManifestPart From(ComponentIdentity identity, int? oldest = null) => new()
    {
        OldestFormatVersion = oldest < identity.FormatVersion ? oldest : null,
        PluginId = identity.PluginId,
        PluginVersion = identity.PluginVersion,
        ComponentId = identity.ComponentId,
        FormatName = identity.FormatName,
        FormatVersion = identity.FormatVersion,
    };

    internal bool IsSameAs(ComponentIdentity identity) =>
        PluginId == identity.PluginId
        && PluginVersion == identity.PluginVersion
        && ComponentId == identity.ComponentId
        && FormatName == identity.FormatName
        && FormatVersion == identity.FormatVersion;

    /// <summary>Why a component cannot read what this part wrote; null when it can.</summary>
    internal StorageException? Refuse(string role, ComponentIdentity reader)
    {
        if (FormatName != reader.FormatName)
        {
            return new StorageException(
                StorageErrorCode.UnknownWriter,
                $"{role} was written by {PluginId} {PluginVersion} ({FormatName} {FormatVersion}), but the stack names "
                + $"{reader.PluginId} {reader.PluginVersion} ({reader.FormatName} {reader.FormatVersion})",
                advice: $"name {ComponentId} in the stack, or export and import into a new store");
        }

        if (FormatVersion > reader.FormatVersion)
        {
            return new StorageException(
                StorageErrorCode.FormatTooNew,
                $"{role} has {FormatName} format {FormatVersion}, written by {PluginId} {PluginVersion}; "
                + $"{reader.PluginId} {reader.PluginVersion} reads {reader.OldestReadableFormatVersion} to {reader.FormatVersion}",
                advice: $"install {PluginId} {PluginVersion} or newer");
        }

        return OldestVersion < reader.OldestReadableFormatVersion
            ? new StorageException(
                StorageErrorCode.FormatTooOld,
                $"{role} has {FormatName} format {OldestVersion}, written by {PluginId} {PluginVersion}; "
                + $"{reader.PluginId} {reader.PluginVersion} reads {reader.OldestReadableFormatVersion} to {reader.FormatVersion}",
                advice: $"install {PluginId} {PluginVersion}, or run 'mortise upgrade' with a version that reads both")
            : null;
    }
}

/// <summary>One index family.</summary>
public sealed class ManifestFamily
{
    /// <summary>Its name in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Its directory, when that is not its name: it was exchanged while the store served.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Directory { get; init; }

    /// <summary>Its directory.</summary>
    [JsonIgnore]
    public string DirectoryName => Directory ?? Name;

    /// <summary>Its projection.</summary>
    public required string Projection { get; init; }

    /// <summary>The projection's format version.</summary>
    public required int ProjectionVersion { get; init; }

    /// <summary>Records up to this many bytes are inline.</summary>
    public required int InlineBelowBytes { get; init; }

    /// <summary>The partition scheme's map.</summary>
    public required string PartitionMap { get; init; }

    /// <summary>Who wrote its partitions.</summary>
    public required ManifestPart Structure { get; init; }

    /// <summary>Its partitions.</summary>
    public required IReadOnlyList<ManifestPartition> Partitions { get; init; }

    internal static ManifestFamily From(
        FamilyPart part,
        IKeyProjection projection,
        IReadOnlyList<ManifestPartition> partitions,
        string? directory = null,
        int? oldest = null) => new()
        {
            Name = part.Name,
            Directory = directory == part.Name ? null : directory,
            Projection = projection.Name,
            ProjectionVersion = projection.FormatVersion,
            InlineBelowBytes = part.InlineBelowBytes,
            PartitionMap = part.Partitions.Map,
            Structure = ManifestPart.From(part.Structure.Identity, oldest),
            Partitions = partitions,
        };
}

/// <summary>One partition of a family.</summary>
public sealed class ManifestPartition
{
    /// <summary>Its name in the scheme; of neighbours that were merged, <c>FIRST..LAST</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its directory, when that is not its name: one of that name was dropped before, or neighbours were
    /// merged.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Directory { get; init; }

    /// <summary>Its directory.</summary>
    [JsonIgnore]
    public string DirectoryName => Directory ?? Name;

    /// <summary>Its durable LSN at the checkpoint.</summary>
    public required ulong DurableLsn { get; init; }

    /// <summary>About how many entries it had.</summary>
    public long Entries { get; init; }

    /// <summary>Bytes of its files.</summary>
    public long DiskBytes { get; init; }

    /// <summary>True when it was in its packed shape.</summary>
    public bool IsPacked { get; init; }

    internal static ManifestPartition From(string name, string directory, IndexHandle handle)
    {
        IndexStatistics statistics = handle.Statistics;
        return new ManifestPartition
        {
            Name = name,
            Directory = directory == name ? null : directory,
            DurableLsn = handle.DurableLsn.Value,
            Entries = statistics.Entries,
            DiskBytes = statistics.DiskBytes,
            IsPacked = handle.IsPacked,
        };
    }
}

[JsonSerializable(typeof(StoreManifest))]
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
internal sealed partial class ManifestJson : JsonSerializerContext;
