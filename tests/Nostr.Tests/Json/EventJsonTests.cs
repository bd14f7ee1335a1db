using System.Text;

namespace Mortise.Nostr.Tests.Json;

public sealed class EventJsonTests
{
    private const string Id = "\"id\":\"00000000000000000000000000000000000000000000000000000000000000ff\"";
    private const string PubKey = "\"pubkey\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"";
    private const string Sig = "\"sig\":\"" + Digits128 + "\"";
    private const string Digits64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Digits128 = Digits64 + Digits64;

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("1700000000", 1_700_000_000L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Times_from_0_to_the_largest_are_taken(string text, long expected) =>
        Assert.Equal(expected, Parsed(With(createdAt: text)).CreatedAt);

    [Theory]
    [InlineData("-1")]
    [InlineData("-0")]
    [InlineData("1.0")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("1E3")]
    [InlineData("1e400")]
    [InlineData("01")]
    [InlineData("9223372036854775808")]
    [InlineData("18446744073709551616")]
    [InlineData("18446744073709551617")]
    [InlineData("1000000000000000000000000000000000000000")]
    [InlineData("\"1\"")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("+1")]
    [InlineData("NaN")]
    public void Other_times_are_refused(string text) => Refused(RejectReason.BadCreatedAt, With(createdAt: text));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("65535", 65535)]
    public void Kinds_from_0_to_65535_are_taken(string text, int expected) =>
        Assert.Equal(expected, Parsed(With(kind: text)).Kind);

    [Theory]
    [InlineData("-1")]
    [InlineData("65536")]
    [InlineData("65537")]
    [InlineData("4294967297")]
    [InlineData("1.0")]
    [InlineData("1e1")]
    [InlineData("00")]
    [InlineData("\"1\"")]
    [InlineData("null")]
    public void Other_kinds_are_refused(string text) => Refused(RejectReason.BadKind, With(kind: text));

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\"\"")]
    [InlineData("[\"e\"]")]
    [InlineData("[[\"e\"],null]")]
    [InlineData("[[\"e\",1]]")]
    [InlineData("[[\"e\",null]]")]
    [InlineData("[[[\"e\"]]]")]
    [InlineData("[[\"e\",{}]]")]
    public void Tags_are_arrays_of_arrays_of_strings(string text) => Refused(RejectReason.BadTags, With(tags: text));

    [Theory]
    [InlineData("[ ]", 0)]
    [InlineData("[[]]", 1)]
    [InlineData("[[],[\"\"] , [ \"d\" , \"\" ]]", 3)]
    public void Empty_tags_and_empty_strings_are_tags(string text, int count)
    {
        NostrEvent parsed = Parsed(With(tags: text));
        Assert.Equal(count, parsed.View.TagCount);
        Assert.Equal(text.Replace(" ", "", StringComparison.Ordinal), Between(parsed.ToJson(), "\"tags\":",
            ",\"content\""));
    }

    [Theory]
    [InlineData("\"\\n\\\"\\\\\\r\\t\\b\\f\"", "\n\"\\\r\t\b\f", "\"\\n\\\"\\\\\\r\\t\\b\\f\"")]
    [InlineData("\"\\u0000\\u001F\\u001f\\u0009\"", "\0\u001f\u001f\t", "\"\\u0000\\u001f\\u001f\\t\"")]
    [InlineData("\"\\/\\u007f\\u2028\\u2029\\u003c>&'+\"", "/\u007f\u2028\u2029<>&'+", "\"/\u007f\u2028\u2029<>&'+\"")]
    [InlineData("\"\\ud83D\\uDE03\\uFFFE\\uffff\\u00e9\"", "\ud83d\ude03\ufffe\uffff\u00e9",
        "\"\ud83d\ude03\ufffe\uffff\u00e9\"")]
    public void Escapes_are_undone_and_only_those_of_the_nip_are_written(string json, string text, string written)
    {
        NostrEvent parsed = Parsed(With(content: json, tags: $"[[{json}]]"));
        Assert.Equal(text, parsed.Content);
        Assert.Equal(text, parsed.GetTags()[0][0]);
        Assert.Contains($"\"tags\":[[{written}]],\"content\":{written},", parsed.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"\\ud83d\"")]
    [InlineData("\"\\ude03\"")]
    [InlineData("\"\\ude03\\ud83d\"")]
    [InlineData("\"\\ud83d\\u0041\"")]
    [InlineData("\"\\ud83dx\\ude03\"")]
    public void Half_a_surrogate_pair_is_refused(string text)
    {
        Refused(RejectReason.LoneSurrogate, With(content: text));
        Refused(RejectReason.LoneSurrogate, With(tags: $"[[{text}]]"));
    }

    [Theory]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12\"")]
    [InlineData("\"\\u12g4\"")]
    [InlineData("\"\\u 123\"")]
    [InlineData("\"\\U0041\"")]
    [InlineData("\"\t\"")]
    [InlineData("\"\n\"")]
    [InlineData("\"\u0000\"")]
    public void Strings_follow_the_grammar(string text) => Refused(RejectReason.NotJson, With(content: text));

    [Theory]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("[]")]
    public void Content_is_a_string(string text) => Refused(RejectReason.BadContent, With(content: text));

    [Theory]
    [InlineData("id", 64, RejectReason.BadId)]
    [InlineData("pubkey", 64, RejectReason.BadPubKey)]
    [InlineData("sig", 128, RejectReason.BadSig)]
    public void Hexadecimal_fields_have_their_length_and_lower_case(string field, int digits, RejectReason reason)
    {
        string right = new('a', digits);
        Parsed(Replacing(field, $"\"{right}\""));
        Parsed(Replacing(field, $"\"\\u0061{right[1..]}\""));
        foreach (string wrong in new[]
            { right[1..], right + "a", right + "aa", "", "A" + right[1..], "g" + right[1..], right[1..] + " ",
                right[1..] + "é", right[2..] + "é" })
        {
            Refused(reason, Replacing(field, $"\"{wrong}\""));
        }

        Refused(reason, Replacing(field, "null"));
        Refused(reason, Replacing(field, "1"));
    }

    [Fact]
    public void Each_field_must_be_there_once()
    {
        string[] fields = Fields();
        foreach (string field in fields)
        {
            string name = field[1..field.IndexOf('"', 1)];
            EventProblem missing = Refused(RejectReason.MissingField, Join(fields.Where(f => f != field)));
            Assert.Equal(name, missing.Field);
            EventProblem twice = Refused(RejectReason.DuplicateField, Join(fields.Append(field)));
            Assert.Equal(name, twice.Field);

            // Also when its name is spelt with an escape.
            string escaped = $"\"\\u00{(int)name[0]:x2}{field[2..]}";
            Parsed(Join(fields.Select(f => f == field ? escaped : f)));
            Refused(RejectReason.DuplicateField, Join(fields.Append(escaped)));
        }

        Refused(RejectReason.MissingField, "{}");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("-0.5e+10")]
    [InlineData("1e400")]
    [InlineData("{\"id\":{\"id\":[{},[],true,false]}}")]
    [InlineData("[[],[\"\\n\"],{\"a\":1,\"b\":[2]}]")]
    public void Fields_that_are_not_ours_are_skipped(string value)
    {
        NostrEvent with = Parsed(Join([$"\"relay\":{value}", .. Fields(), $"\"relay\":{value}", "\"\":1"]));
        Assert.Equal(Parsed(Join(Fields())).ToJson(), with.ToJson());
    }

    [Theory]
    [InlineData("nul")]
    [InlineData("tru")]
    [InlineData("01")]
    [InlineData("-")]
    [InlineData("1.")]
    [InlineData("1e")]
    [InlineData(".5")]
    [InlineData("[1,]")]
    [InlineData("[1 2]")]
    [InlineData("[1}")]
    [InlineData("{\"a\":1]")]
    [InlineData("{\"a\"}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{a:1}")]
    [InlineData("'a'")]
    [InlineData("")]
    public void What_is_skipped_must_be_json_too(string value) =>
        Refused(RejectReason.NotJson, Join(["\"x\":" + value, .. Fields()]));

    [Fact]
    public void Nesting_is_bounded()
    {
        string deepest = new string('[', EventJson.MaxDepth - 1) + new string(']', EventJson.MaxDepth - 1);
        Parsed(Join(["\"x\":" + deepest, .. Fields()]));
        Refused(RejectReason.TooDeep, Join([$"\"x\":[{deepest.Insert(EventJson.MaxDepth - 1, "1")}]", .. Fields()]));
        Refused(RejectReason.TooDeep, new string('[', 100_000));
        Refused(RejectReason.TooDeep, string.Concat(Enumerable.Repeat("{\"x\":", 50_000)));
    }

    [Theory]
    [InlineData("", RejectReason.NotJson)]
    [InlineData(" ", RejectReason.NotJson)]
    [InlineData("[]", RejectReason.NotAnObject)]
    [InlineData("[\"EVENT\",{}]", RejectReason.NotAnObject)]
    [InlineData("\"x\"", RejectReason.NotAnObject)]
    [InlineData("1", RejectReason.NotAnObject)]
    [InlineData("null", RejectReason.NotAnObject)]
    [InlineData("{", RejectReason.NotJson)]
    [InlineData("{,}", RejectReason.NotJson)]
    [InlineData("hello", RejectReason.NotJson)]
    [InlineData("\ufeff{}", RejectReason.NotJson)]
    [InlineData("{\"id\" \"\"}", RejectReason.NotJson)]
    public void What_is_no_object_is_refused(string text, RejectReason reason) => Refused(reason, text);

    [Fact]
    public void Only_white_space_may_surround_the_object()
    {
        string json = Join(Fields());
        Parsed(" \t\r\n" + json + "\r\n ");
        Refused(RejectReason.NotJson, json + "x");
        Refused(RejectReason.NotJson, json + json);
        Refused(RejectReason.NotJson, json + "\0");
        Refused(RejectReason.NotJson, "\0" + json);
        Refused(RejectReason.NotJson, json + ",");
        Refused(RejectReason.NotJson, json[..^1] + ",}");
    }

    [Fact]
    public void No_prefix_of_an_event_is_an_event()
    {
        byte[] json = Encoding.UTF8.GetBytes(With(content: "\"é\\ud83d\\ude03\"", tags: "[[\"e\",\"x\"]]"));
        for (int length = 0; length < json.Length; length++)
        {
            Assert.False(EventJson.TryParse(json.AsSpan(0, length), out _, out EventProblem problem),
                $"{length} bytes");
            Assert.NotEqual(RejectReason.None, problem.Reason);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    public void What_is_not_utf8_is_refused_where_it_starts(byte[] bytes)
    {
        byte[] json = [.. "{\"x\":\""u8, .. bytes, .. "\"}"u8];
        Assert.False(EventJson.TryParse(json, out _, out EventProblem problem));
        Assert.Equal(new EventProblem(RejectReason.NotUtf8, 6), problem);
    }

    [Fact]
    public void A_huge_event_leaves_no_huge_buffers_and_the_next_one_is_right()
    {
        string large = new('x', 3_000_000);
        NostrEvent parsed = Parsed(With(content: $"\"\\n{large}\"", tags: $"[[\"t\",\"\\n{large}\"]]"));
        Assert.Equal(3_000_001, parsed.View.Content.Length);
        Assert.Equal(Parsed(Join(Fields())).ToJson(), Join(Fields()));
    }

    private static NostrEvent Parsed(string json)
    {
        Assert.True(EventJson.TryParse(Encoding.UTF8.GetBytes(json), out NostrEvent? parsed,
            out EventProblem problem), $"{problem}: {json}");
        Assert.Equal(default, problem);
        Assert.True(EventView.TryOpen(parsed.Record.Span, out _, out string? fact), fact);
        return parsed;
    }

    private static EventProblem Refused(RejectReason reason, string json)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        Assert.False(EventJson.TryParse(bytes, out NostrEvent? parsed, out EventProblem problem), json);
        Assert.Null(parsed);
        Assert.True(problem.Reason == reason, $"{problem}: {json[..Math.Min(json.Length, 200)]}");
        Assert.InRange(problem.Offset, 0, bytes.Length);
        return problem;
    }

    private static string[] Fields() =>
        [Id, PubKey, "\"created_at\":5", "\"kind\":1", "\"tags\":[]", "\"content\":\"\"", Sig];

    private static string Join(IEnumerable<string> fields) => "{" + string.Join(',', fields) + "}";

    private static string Replacing(string field, string value) =>
        Join(Fields().Select(f => f.StartsWith($"\"{field}\"", StringComparison.Ordinal) ? $"\"{field}\":{value}" : f));

    private static string With(string createdAt = "5", string kind = "1", string tags = "[]",
        string content = "\"\"") =>
        Join([Id, PubKey, "\"created_at\":" + createdAt, "\"kind\":" + kind, "\"tags\":" + tags,
            "\"content\":" + content, Sig]);

    private static string Between(string text, string before, string after)
    {
        int start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }
}
