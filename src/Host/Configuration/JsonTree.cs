using System.Text;
using System.Text.Json;

namespace Mortise.Host.Configuration;

/// <summary>Reads JSON into the same tree as YAML, with positions. Comments, trailing commas and duplicate keys are
/// refused.</summary>
internal static class JsonTree
{
    /// <summary>Reads UTF-8 bytes.</summary>
    /// <returns>The tree, or null when the text has a problem that leaves none.</returns>
    public static ConfigNode? Parse(string origin, ReadOnlySpan<byte> utf8, ICollection<Problem> problems)
    {
        if (utf8.Length > ConfigTreeBuilder.MaxBytes)
        {
            problems.Add(new Problem(
                ProblemCode.TooLarge,
                new SourcePosition(origin),
                $"{utf8.Length} bytes; the most is {ConfigTreeBuilder.MaxBytes}"));
            return null;
        }

        var builder = new ConfigTreeBuilder(problems);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = ConfigTreeBuilder.MaxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                SourcePosition at = PositionOf(origin, utf8[..(int)reader.TokenStartIndex]);
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        builder.Key(reader.GetString()!, at);
                        break;
                    case JsonTokenType.StartObject:
                        if (!builder.OpenMap(at))
                        {
                            return null;
                        }

                        break;
                    case JsonTokenType.StartArray:
                        if (!builder.OpenList(at))
                        {
                            return null;
                        }

                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        builder.Close();
                        break;
                    case JsonTokenType.String:
                        builder.Text(reader.GetString()!, isQuoted: true, at);
                        break;
                    default:
                        builder.Text(Encoding.UTF8.GetString(reader.ValueSpan), isQuoted: false, at);
                        break;
                }
            }
        }
        catch (JsonException e)
        {
            var at = new SourcePosition(origin, (int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1);
            string fact = e.Message.Split(" LineNumber:", 2)[0].TrimEnd('.', ' ');
            problems.Add(new Problem(ProblemCode.Syntax, at, $"not JSON: {fact}"));
            return null;
        }
        catch (InvalidOperationException e)
        {
            // Utf8JsonReader.GetString on bytes that are not UTF-8 or on half a surrogate pair.
            problems.Add(new Problem(
                ProblemCode.Syntax,
                PositionOf(origin, utf8[..(int)reader.TokenStartIndex]),
                $"not JSON: {e.Message}"));
            return null;
        }

        return builder.Root;
    }

    private static SourcePosition PositionOf(string origin, ReadOnlySpan<byte> before)
    {
        int line = before.Count((byte)'\n') + 1;
        int column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return new SourcePosition(origin, line, column);
    }
}
