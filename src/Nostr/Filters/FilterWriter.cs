using System.Text;
using System.Text.Json;

namespace Mortise.Nostr;

/// <summary>Writes filters as JSON, fields in a fixed order.</summary>
internal static class FilterWriter
{
    public static string Write(Filter filter)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteIds(json, "ids", filter.Ids);
            WriteIds(json, "authors", filter.Authors);
            if (filter.Kinds is { } kinds)
            {
                json.WriteStartArray("kinds");
                for (int i = 0; i < kinds.Count; i++)
                {
                    json.WriteNumberValue(kinds[i]);
                }

                json.WriteEndArray();
            }

            foreach (TagCondition tag in filter.Tags)
            {
                json.WriteStartArray($"#{(char)tag.Letter}");
                foreach (ReadOnlyMemory<byte> value in tag.Values)
                {
                    json.WriteStringValue(value.Span);
                }

                json.WriteEndArray();
            }

            WriteNumber(json, "since", filter.Since);
            WriteNumber(json, "until", filter.Until);
            WriteNumber(json, "limit", filter.Limit);
            if (filter.Search is { } search)
            {
                json.WriteString("search", search);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private static void WriteIds(Utf8JsonWriter json, string name, IdSet? values)
    {
        if (values is null)
        {
            return;
        }

        json.WriteStartArray(name);
        for (int i = 0; i < values.Count; i++)
        {
            json.WriteStringValue(Convert.ToHexStringLower(values[i]));
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is long number)
        {
            json.WriteNumber(name, number);
        }
    }
}
