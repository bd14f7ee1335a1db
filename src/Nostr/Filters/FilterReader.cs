using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Reads filters from hostile JSON. Strict: what it does not understand it refuses with a position.</summary>
internal ref struct FilterReader
{
    private Utf8JsonReader _reader;

    private FilterReader(ReadOnlySpan<byte> json) =>
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });

    public static Filter ReadOne(ReadOnlySpan<byte> json)
    {
        var reader = new FilterReader(json);
        return reader.Guarded(static (ref FilterReader r) =>
        {
            r.Next();
            Filter filter = r.ReadFilter();
            r.ExpectEnd();
            return filter;
        });
    }

    public static IReadOnlyList<Filter> ReadRequest(ReadOnlySpan<byte> json)
    {
        var reader = new FilterReader(json);
        return reader.Guarded(static (ref FilterReader r) =>
        {
            var filters = new List<Filter>();
            r.Next();
            if (r._reader.TokenType != JsonTokenType.StartArray)
            {
                filters.Add(r.ReadFilter());
            }
            else
            {
                while (r.NextInArray())
                {
                    filters.Add(r.ReadFilter());
                }

                if (filters.Count == 0)
                {
                    throw r.Error("an empty array of filters; expected one or more");
                }
            }

            r.ExpectEnd();
            return filters;
        });
    }

    private delegate T Reading<T>(ref FilterReader reader);

    private T Guarded<T>(Reading<T> read)
    {
        try
        {
            return read(ref this);
        }
        catch (JsonException e)
        {
            throw new FilterFormatException("not JSON: " + Reason(e), _reader.BytesConsumed);
        }
    }

    private static string Reason(JsonException e)
    {
        // The library appends its own position, which counts characters of a line.
        int cut = e.Message.IndexOf(" LineNumber", StringComparison.Ordinal);
        string message = cut < 0 ? e.Message : e.Message[..cut].TrimEnd('.');
        return char.ToLowerInvariant(message[0]) + message[1..];
    }

    private Filter ReadFilter()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            throw Error($"{Found()}; expected a filter object");
        }

        var draft = new Draft();
        while (true)
        {
            Next();
            if (_reader.TokenType == JsonTokenType.EndObject)
            {
                return draft.ToFilter();
            }

            ReadField(draft);
        }
    }

    private void ReadField(Draft draft)
    {
        long position = _reader.TokenStartIndex;
        string name = Encoding.UTF8.GetString(ReadText());
        if (!draft.Seen.Add(name))
        {
            throw new FilterFormatException($"'{Short(name)}' appears twice", position);
        }

        if (name.Length == 2 && name[0] == '#' && char.IsAsciiLetter(name[1]))
        {
            Next();
            draft.Tags.Add(TagCondition.Of((byte)name[1], ReadTexts(name)));
            return;
        }

        switch (name)
        {
            case "ids":
                Next();
                draft.Ids = ReadIds(name);
                break;
            case "authors":
                Next();
                draft.Authors = ReadIds(name);
                break;
            case "kinds":
                Next();
                draft.Kinds = ReadKinds();
                break;
            case "since":
                Next();
                draft.Since = ReadInteger(name);
                break;
            case "until":
                Next();
                draft.Until = ReadInteger(name);
                break;
            case "limit":
                Next();
                draft.Limit = ReadLimit();
                break;
            case "search":
                Next();
                draft.Search = _reader.TokenType == JsonTokenType.String
                    ? Encoding.UTF8.GetString(ReadText())
                    : throw Error($"search is {Found()}; expected a string");
                break;
            default:
                throw new FilterFormatException(
                    $"unknown field '{Short(name)}'; expected ids, authors, kinds, since, until, limit, search, "
                    + "or # and one letter",
                    position);
        }
    }

    private IdSet ReadIds(string name)
    {
        var packed = new List<byte>();
        Span<byte> value = stackalloc byte[IdSet.ValueBytes];
        ExpectArray(name);
        for (int i = 0; NextInArray(); i++)
        {
            ExpectText(name, i);
            ReadOnlySpan<byte> text = ReadText();
            if (!LowerHex.TryDecode(text, value))
            {
                throw Error(
                    $"{name}[{i}] is '{Short(Encoding.UTF8.GetString(text))}'; expected 64 lower-case hex digits");
            }

            packed.AddRange(value);
        }

        return IdSet.FromBytes(packed.ToArray());
    }

    private KindSet ReadKinds()
    {
        var kinds = new List<int>();
        ExpectArray("kinds");
        for (int i = 0; NextInArray(); i++)
        {
            long kind = ReadInteger($"kinds[{i}]");
            if (kind is < 0 or > ushort.MaxValue)
            {
                throw Error($"kinds[{i}] is {kind}; a kind is 0 to {ushort.MaxValue}");
            }

            kinds.Add((int)kind);
        }

        return KindSet.Of(kinds.ToArray());
    }

    private List<byte[]> ReadTexts(string name)
    {
        var values = new List<byte[]>();
        ExpectArray(name);
        for (int i = 0; NextInArray(); i++)
        {
            ExpectText(name, i);
            values.Add(ReadText().ToArray());
        }

        return values;
    }

    private int ReadLimit()
    {
        long limit = ReadInteger("limit");
        return limit < 0 ? throw Error($"limit is {limit}; expected 0 or more") : (int)Math.Min(limit, int.MaxValue);
    }

    /// <summary>A whole number of any size; beyond 64 bits it is clamped, as bounds in time may be.</summary>
    private long ReadInteger(string name)
    {
        if (_reader.TokenType != JsonTokenType.Number)
        {
            throw Error($"{name} is {Found()}; expected a whole number");
        }

        if (_reader.TryGetInt64(out long value))
        {
            return value;
        }

        ReadOnlySpan<byte> text = _reader.ValueSpan;
        bool negative = text[0] == (byte)'-';
        return text[(negative ? 1 : 0)..].ContainsAnyExceptInRange((byte)'0', (byte)'9')
            ? throw Error(
                $"{name} is {Short(Encoding.UTF8.GetString(text))}; a whole number has no fraction or exponent")
            : negative ? long.MinValue : long.MaxValue;
    }

    private ReadOnlySpan<byte> ReadText()
    {
        if (!_reader.ValueIsEscaped)
        {
            return Utf8.IsValid(_reader.ValueSpan) ? _reader.ValueSpan : throw Error("a string is not valid UTF-8");
        }

        byte[] text = new byte[_reader.ValueSpan.Length];
        try
        {
            return text.AsSpan(0, _reader.CopyString(text));
        }
        catch (InvalidOperationException)
        {
            throw Error("a string has half of a surrogate pair or is not valid UTF-8");
        }
    }

    private void ExpectArray(string name)
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw Error($"{name} is {Found()}; expected an array");
        }
    }

    private void ExpectText(string name, int index)
    {
        if (_reader.TokenType != JsonTokenType.String)
        {
            throw Error($"{name}[{index}] is {Found()}; expected a string");
        }
    }

    // At a premature end the reader throws; it answers false only behind a whole value.
    private void Next() => Invariant.Holds(_reader.Read());

    private bool NextInArray()
    {
        Next();
        return _reader.TokenType != JsonTokenType.EndArray;
    }

    private void ExpectEnd()
    {
        if (_reader.Read())
        {
            throw Error("more text after the filter");
        }
    }

    private readonly string Found() => _reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };

    private readonly FilterFormatException Error(string reason) => new(reason, _reader.TokenStartIndex);

    private static string Short(string text) => text.Length <= 80 ? text : text[..77] + "...";

    private sealed class Draft
    {
        public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

        public List<TagCondition> Tags { get; } = [];

        public IdSet? Ids { get; set; }

        public IdSet? Authors { get; set; }

        public KindSet? Kinds { get; set; }

        public long? Since { get; set; }

        public long? Until { get; set; }

        public int? Limit { get; set; }

        public string? Search { get; set; }

        public Filter ToFilter() => new()
        {
            Ids = Ids,
            Authors = Authors,
            Kinds = Kinds,
            Tags = Tags,
            Since = Since,
            Until = Until,
            Limit = Limit,
            Search = Search,
        };
    }
}
