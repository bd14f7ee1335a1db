using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mortise.Conformance.Running;

/// <summary>What one process is asked to check.</summary>
/// <param name="Folder">The plugin's folder.</param>
/// <param name="Settings">Options, each <c>component.key=value</c>.</param>
/// <param name="Component">The component's id.</param>
/// <param name="Laws">Ids of laws, in order.</param>
/// <param name="Tier">How much to try.</param>
/// <param name="Seed">The seed of the run.</param>
internal sealed record WorkOrder(
    string Folder,
    IReadOnlyList<string> Settings,
    string Component,
    IReadOnlyList<string> Laws,
    LawTier Tier,
    ulong Seed);

/// <summary>One line that a process says: that it begins a law, or what came of it.</summary>
internal sealed record WorkLine
{
    /// <summary>The law's id.</summary>
    public required string Law { get; init; }

    /// <summary>Null when the law is being begun.</summary>
    public LawVerdict? Verdict { get; init; }

    public string Finding { get; init; } = "";

    public IReadOnlyList<string> Script { get; init; } = [];

    public IReadOnlyList<string> Transcript { get; init; } = [];

    public string Cause { get; init; } = "";

    public double Seconds { get; init; }

    /// <summary>What the process has used so far.</summary>
    public double ProcessorSeconds { get; init; }

    /// <summary>What the component offers; empty when it does not open.</summary>
    public string Offers { get; init; } = "";
}

/// <summary>How orders and lines are written between processes of one program.</summary>
[JsonSerializable(typeof(WorkOrder))]
[JsonSerializable(typeof(WorkLine))]
internal sealed partial class WorkJson : JsonSerializerContext
{
    public static string Write(WorkOrder order) => JsonSerializer.Serialize(order, Default.WorkOrder);

    public static string Write(WorkLine line) => JsonSerializer.Serialize(line, Default.WorkLine);

    public static WorkOrder ReadOrder(string text) =>
        JsonSerializer.Deserialize(text, Default.WorkOrder) ?? throw new InvalidDataException("an empty work order");

    /// <summary>Null for a line that is none: a plugin may write to standard output too.</summary>
    public static WorkLine? TryReadLine(string text)
    {
        try
        {
            return text.StartsWith('{') ? JsonSerializer.Deserialize(text, Default.WorkLine) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
