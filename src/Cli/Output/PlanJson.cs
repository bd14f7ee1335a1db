using System.Buffers;
using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Output;

/// <summary>Writes how a query was answered as JSON.</summary>
internal static class PlanJson
{
    /// <summary>One object on a line of its own.</summary>
    public static string Write(QueryExplanation how)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("results", how.Results);
            json.WriteNumber("entries", how.Entries);
            json.WriteNumber("records", how.Records);
            WriteNumber(json, "pagesRead", how.PagesRead);
            json.WriteNumber("milliseconds", how.Elapsed.TotalMilliseconds);
            json.WritePropertyName("plan");
            Write(json, how.Root);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void Write(Utf8JsonWriter json, PlanNode node)
    {
        json.WriteStartObject();
        json.WriteString("operation", node.Operation);
        WriteText(json, "family", node.Family);
        WriteText(json, "detail", node.Detail);
        WriteNumber(json, "estimatedEntries", node.EstimatedEntries);
        WriteNumber(json, "entries", node.Entries);
        WriteNumber(json, "records", node.Records);
        WriteNumber(json, "inlineRecords", node.InlineRecords);
        WriteNumber(json, "partitions", node.Partitions);
        WriteNumber(json, "results", node.Results);
        if (node.Inputs.Count > 0)
        {
            json.WriteStartArray("inputs");
            foreach (PlanNode input in node.Inputs)
            {
                Write(json, input);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string value)
    {
        if (value.Length > 0)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is long number)
        {
            json.WriteNumber(name, number);
        }
    }
}
