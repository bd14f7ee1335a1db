using System.Globalization;
using System.Text;

namespace Mortise.Nostr;

/// <summary>One step of a query's plan.</summary>
public sealed class PlanNode
{
    /// <summary>What it does: union, filter, merge, intersect, lookup, scan; or "not taken" for a path that was
    /// left.</summary>
    public required string Operation { get; init; }

    /// <summary>The family it reads; empty when it reads none.</summary>
    public string Family { get; init; } = "";

    /// <summary>More, for people.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Entries that it was expected to read; null when nobody asked.</summary>
    public long? EstimatedEntries { get; init; }

    /// <summary>Entries that it read.</summary>
    public long? Entries { get; init; }

    /// <summary>Records that it read from the record store.</summary>
    public long? Records { get; init; }

    /// <summary>Records that it found in index entries.</summary>
    public long? InlineRecords { get; init; }

    /// <summary>Partitions that it opened, each range counted.</summary>
    public long? Partitions { get; init; }

    /// <summary>Results that it gave.</summary>
    public long? Results { get; init; }

    /// <summary>The steps below.</summary>
    public IReadOnlyList<PlanNode> Inputs { get; init; } = [];

    /// <summary>The step on one line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Operation);
        Append(Family.Length > 0, $" {Family}");
        Append(Detail.Length > 0, $" ({Detail})");
        Append(EstimatedEntries is not null || Entries is not null, $": entries {Entries?.ToString(Invariant) ?? "-"}");
        Append(EstimatedEntries is not null, $" of about {EstimatedEntries}");
        Append(Records > 0, $", {Records} records");
        Append(InlineRecords > 0, $", {InlineRecords} inline");
        Append(Partitions > 0, $", {Partitions} partitions");
        Append(Results is not null, $", {Results} results");
        return text.ToString();

        void Append(bool wanted, FormattableString part)
        {
            if (wanted)
            {
                text.Append(part.ToString(Invariant));
            }
        }
    }

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;
}
