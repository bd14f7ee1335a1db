using System.Globalization;
using System.Text.Json;

namespace Mortise.Cli.Import;

/// <summary>What became of the lines of an import.</summary>
internal sealed class ImportSummary
{
    /// <summary>Lines that were not blank.</summary>
    public long Read { get; set; }

    /// <summary>Events that are stored now and were not before.</summary>
    public long Stored { get; set; }

    /// <summary>Events that were there already.</summary>
    public long Duplicate { get; set; }

    /// <summary>Lines that are no event at all; part of <see cref="Rejected"/>.</summary>
    public long Malformed { get; set; }

    /// <summary>Lines that were not stored, by reason.</summary>
    public SortedDictionary<string, long> Rejected { get; } = new(StringComparer.Ordinal);

    /// <summary>From the first byte read to the last acknowledgement.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Lines read each second.</summary>
    public long EventsPerSecond => Elapsed > TimeSpan.Zero ? (long)(Read / Elapsed.TotalSeconds) : 0;

    /// <summary>Counts a line that is not stored.</summary>
    public void Reject(string reason) =>
        Rejected[reason] = Rejected.TryGetValue(reason, out long count) ? count + 1 : 1;

    /// <summary>One line for a person.</summary>
    public override string ToString()
    {
        string reasons = Rejected.Count == 0
            ? ""
            : $" ({string.Join(", ", Rejected.Select(static pair => $"{pair.Key} {Words.Count(pair.Value)}"))})";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"read {Words.Count(Read)}, stored {Words.Count(Stored)}, duplicate {Words.Count(Duplicate)}, rejected "
            + $"{Words.Count(Rejected.Values.Sum())}{reasons}, {Elapsed.TotalSeconds:0.00} s, "
            + $"{Words.Count(EventsPerSecond)} events/s");
    }

    /// <summary>Writes one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("read", Read);
        json.WriteNumber("stored", Stored);
        json.WriteNumber("duplicate", Duplicate);
        json.WriteStartObject("rejected");
        foreach ((string reason, long count) in Rejected)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        json.WriteNumber("seconds", Math.Round(Elapsed.TotalSeconds, 3));
        json.WriteNumber("eventsPerSecond", EventsPerSecond);
        json.WriteEndObject();
    }
}
