namespace Mortise.Engine;

/// <summary>A part of an open store whose files may be of an older format version than its plugin writes.</summary>
/// <param name="Part">The log, the records, or a family by its name: <c>wal</c>, <c>records</c>, <c>indexes/tag</c>.</param>
/// <param name="Format">The format's name.</param>
/// <param name="From">The oldest version that files of it may have.</param>
/// <param name="To">The version that its plugin writes.</param>
public readonly record struct PartUpgrade(string Part, string Format, int From, int To);

/// <summary>What an upgrade came to.</summary>
public sealed class UpgradeReport
{
    /// <summary>Parts whose files are all of the version that their plugin writes now, and were not before.</summary>
    public required IReadOnlyList<PartUpgrade> Done { get; init; }

    /// <summary>Parts that still have files of an older version, which their plugin reads.</summary>
    public required IReadOnlyList<PartUpgrade> Left { get; init; }
}

/// <summary>Brings the formats of a store's parts to the versions that their plugins write, while the store serves.</summary>
/// <remarks>
/// <para>A family is built anew from the records beside the old one and exchanged for it. The records are rewritten segment
/// by segment, as by a compaction. The log's old segments go with a checkpoint. Each step ends with a manifest that says so:
/// after a crash the store opens with what was upgraded and what was not, and the next upgrade goes on from there.</para>
/// </remarks>
internal sealed class StoreUpgrade(StoreEngine engine, OpenedParts parts)
{
    /// <summary>What there is to do.</summary>
    public IReadOnlyList<PartUpgrade> Needed
    {
        get
        {
            var needed = new List<PartUpgrade>();
            foreach (FamilyState family in parts.Families)
            {
                Add($"{OpenedParts.IndexesDirectory}/{family.Part.Name}", family.Part.Structure.Identity, family.OlderFormat);
            }

            Add(OpenedParts.RecordsDirectory, parts.Composition.Records.Identity, parts.Formats.Records);
            Add(OpenedParts.LogDirectory, parts.Composition.Log.Identity, parts.Formats.Log);
            return needed;

            void Add(string part, Components.ComponentIdentity identity, int? from)
            {
                if (from is { } older)
                {
                    needed.Add(new PartUpgrade(part, identity.FormatName, older, identity.FormatVersion));
                }
            }
        }
    }

    /// <summary>Does it.</summary>
    public async Task<UpgradeReport> RunAsync(IProgress<PartUpgrade>? progress, CancellationToken cancellation)
    {
        IReadOnlyList<PartUpgrade> needed = Needed;
        foreach (FamilyState family in parts.Families.Where(static f => f.OlderFormat is not null).ToArray())
        {
            progress?.Report(needed.First(n => n.Part == $"{OpenedParts.IndexesDirectory}/{family.Part.Name}"));
            await engine.SwitchFamilyAsync(family.Part, null, cancellation).ConfigureAwait(false);
        }

        if (parts.Formats.Records is not null)
        {
            progress?.Report(needed.First(static n => n.Part == OpenedParts.RecordsDirectory));
            await engine.CompactAsync(new CompactionOptions { IncludesAll = true }, null, cancellation).ConfigureAwait(false);
            parts.Formats.SettleRecords();
        }

        // Lets the log drop what is older, and records what is no more.
        await engine.RecordPartsAsync(cancellation).ConfigureAwait(false);
        IReadOnlyList<PartUpgrade> left = Needed;
        return new UpgradeReport
        {
            Done = [.. needed.Where(n => !left.Any(l => l.Part == n.Part))],
            Left = left,
        };
    }
}
