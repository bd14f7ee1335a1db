using System.Text;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>Messages that strangers send, with what the relay says to each.</summary>
internal static class HostileMessages
{
    private const string Id = "0000000000000000000000000000000000000000000000000000000000000001";

    public static IEnumerable<(string What, byte[] Message, string Expected)> All(NostrEvent valid) =>
        Envelopes().Concat(Events(valid)).Concat(Filters()).Concat(Others())
            .Select(static c => (c.What, Encoding.UTF8.GetBytes(c.Message), c.Expected));

    private static IEnumerable<(string What, string Message, string Expected)> Envelopes()
    {
        foreach (string text in (string[])
        [
            "", " ", "null", "1", "\"EVENT\"", "{}", "[]", "[[]]", "[null]", "[1]", "[\"\"]", "[\"event\",{}]",
            "[\"EVENT\"]", "[\"EVENT\",]", "[\"EVENT\" {}]", "[\"REQ\"]", "[\"REQ\",1,{}]", "[\"REQ\",null,{}]",
            "[\"REQ\",[\"a\"],{}]", "[\"CLOSE\"]", "[\"CLOSE\",1]", "[\"AUTH\"]",
            "[\"AUTH\",\"challenge\"]", "[\"AUTH\",{}]", "[\"NEG-OPEN\"]", "[\"NEG-MSG\",1]", "[\"HELLO\",\"a\"]",
            "[\"EVENT\",{}", "[\"REQ\",\"a\",{}", "\uFEFF[\"REQ\",\"a\",{}]", "[\"REQ\",\"\\ud800\",{}]", "[\"\\ud800\",\"a\"]",
            "not json", "['REQ','a',{}]", "[\"REQ\" \"a\" {}]", "// comment", "[\"REQ\",\"a\",{}", "{\"REQ\":\"a\"}",
            "[true,false]", "\0", "[\"EVENT\",{}}", new string('[', 20_000), new string('{', 20_000),
            "[\"EVENT\"," + new string('[', 50_000), string.Concat(Enumerable.Repeat("[\"EVENT\",", 5_000)),
        ])
        {
            yield return ($"envelope {Short(text)}", text, "NOTICE");
        }
    }

    private static IEnumerable<(string What, string Message, string Expected)> Events(NostrEvent valid)
    {
        string json = valid.ToJson();
        string author = valid.PubKey;
        (string What, string Event, string Expected)[] cases =
        [
            ("no object", "1", "NOTICE"), ("an empty object", "{}", "NOTICE"), ("an array", "[]", "NOTICE"),
            ("null", "null", "NOTICE"), ("a string", "\"x\"", "NOTICE"),
            ("upper-case id", json.Replace(valid.Id, valid.Id.ToUpperInvariant(), StringComparison.Ordinal), "OK False"),
            ("short id", json.Replace(valid.Id, valid.Id[..63], StringComparison.Ordinal), "NOTICE"),
            ("long id", json.Replace(valid.Id, valid.Id + "0", StringComparison.Ordinal), "NOTICE"),
            ("id of another", json.Replace(valid.Id, Id, StringComparison.Ordinal), "OK False"),
            ("id as a number", json.Replace($"\"{valid.Id}\"", "1", StringComparison.Ordinal), "NOTICE"),
            ("id missing", json.Replace($"\"id\":\"{valid.Id}\",", "", StringComparison.Ordinal), "NOTICE"),
            ("upper-case pubkey", json.Replace(author, author.ToUpperInvariant(), StringComparison.Ordinal), "OK False"),
            ("short pubkey", json.Replace(author, author[..62], StringComparison.Ordinal), "OK False"),
            ("pubkey that is no point", json.Replace(author, new string('f', 64), StringComparison.Ordinal), "OK False"),
            ("pubkey null", json.Replace($"\"{author}\"", "null", StringComparison.Ordinal), "OK False"),
            ("short sig", json.Replace(valid.Sig, valid.Sig[..126], StringComparison.Ordinal), "OK False"),
            ("sig of zeros", json.Replace(valid.Sig, new string('0', 128), StringComparison.Ordinal), "OK False"),
            ("sig of ones", json.Replace(valid.Sig, new string('f', 128), StringComparison.Ordinal), "OK False"),
            ("sig missing", json.Replace($",\"sig\":\"{valid.Sig}\"", "", StringComparison.Ordinal), "OK False"),
            ("other content", json.Replace("\"valid\"", "\"other\"", StringComparison.Ordinal), "OK False"),
            ("content null", json.Replace("\"valid\"", "null", StringComparison.Ordinal), "OK False"),
            ("content as a number", json.Replace("\"valid\"", "5", StringComparison.Ordinal), "OK False"),
            ("content with half a surrogate pair", json.Replace("\"valid\"", "\"\\ud800\"", StringComparison.Ordinal), "OK False"),
            ("content with a raw line feed", json.Replace("\"valid\"", "\"a\nb\"", StringComparison.Ordinal), "OK False"),
            ("content with a raw NUL", json.Replace("\"valid\"", "\"a\0b\"", StringComparison.Ordinal), "OK False"),
            ("content with a bad escape", json.Replace("\"valid\"", "\"\\x41\"", StringComparison.Ordinal), "OK False"),
            ("content without an end", json[..json.IndexOf("valid", StringComparison.Ordinal)], "OK False"),
            ("text behind", json + " 1", "OK False"), ("two events", $"{json},{json}", "OK False"),
            ("id twice", json.Replace("{\"id\"", $"{{\"id\":\"{Id}\",\"id\"", StringComparison.Ordinal), "OK False"),
            ("id twice, escaped", json.Replace("{\"id\"", $"{{\"\\u0069d\":\"{Id}\",\"id\"", StringComparison.Ordinal), "OK False"),
            ("kind twice", json.Replace("\"kind\":1", "\"kind\":1,\"kind\":2", StringComparison.Ordinal), "OK False"),
            ("deep field", json[..^1] + ",\"x\":" + new string('[', 100) + new string(']', 100) + "}", "OK False"),
            ("very deep field", json[..^1] + ",\"x\":" + new string('[', 20_000) + new string(']', 20_000) + "}", "OK False"),
            ("huge number in a field", json[..^1] + ",\"x\":" + new string('9', 40_000) + "x}", "OK False"),
        ];
        foreach ((string what, string text, string expected) in cases)
        {
            yield return ($"event with {what}", $"[\"EVENT\",{text}]", expected);
        }

        foreach (string kind in (string[])
            ["-1", "65536", "65537", "4294967297", "1.0", "1.5", "1e0", "1e400", "\"1\"", "null", "true", "[]", "01", "+1", "-0"])
        {
            string with = json.Replace("\"kind\":1", $"\"kind\":{kind}", StringComparison.Ordinal);
            yield return ($"kind {kind}", $"[\"EVENT\",{with}]", "OK False");
        }

        foreach (string time in (string[])
        [
            "-1", "1.5", "1e9", "1e400", "9223372036854775807", "9223372036854775808", "18446744073709551616",
            "\"1\"", "null", "{}", "99999999999999999999999999", "9007199254740993",
        ])
        {
            string with = json.Replace($"\"created_at\":{valid.CreatedAt}", $"\"created_at\":{time}", StringComparison.Ordinal);
            yield return ($"created_at {time}", $"[\"EVENT\",{with}]", "OK False");
        }

        foreach (string tags in (string[])
        [
            "null", "{}", "\"x\"", "[1]", "[null]", "[\"x\"]", "[[1]]", "[[null]]", "[[[\"x\"]]]", "[{}]", "[[\"e\",1]]",
            "[[\"e\"],]", "[[\"\\ud800\"]]", "[[" + string.Concat(Enumerable.Repeat("\"x\",", 9_000)) + "\"x\"]]",
            "[" + string.Concat(Enumerable.Repeat("[],", 9_000)) + "[]]",
            "[[\"t\",\"" + new string('x', 20_000) + "\"]]",
        ])
        {
            string with = json.Replace("\"tags\":[]", $"\"tags\":{tags}", StringComparison.Ordinal);
            yield return ($"tags {Short(tags)}", $"[\"EVENT\",{with}]", "OK False");
        }
    }

    private static IEnumerable<(string What, string Message, string Expected)> Filters()
    {
        foreach (string filter in (string[])
        [
            "1", "null", "\"x\"", "[]", "[{}]", "{\"ids\":1}", "{\"ids\":{}}", "{\"ids\":[1]}", "{\"ids\":[\"x\"]}", "{\"ids\":[null]}",
            $"{{\"ids\":[\"{Id[..63]}\"]}}", $"{{\"ids\":[\"{Id}0\"]}}", $"{{\"ids\":[\"{new string('A', 64)}\"]}}",
            $"{{\"authors\":[\"{new string('F', 64)}\"]}}", "{\"authors\":\"x\"}", "{\"authors\":null}", "{\"kinds\":1}",
            "{\"kinds\":[\"1\"]}", "{\"kinds\":[-1]}", "{\"kinds\":[65536]}", "{\"kinds\":[1.5]}", "{\"kinds\":[1e400]}",
            "{\"kinds\":null}", "{\"since\":\"1\"}", "{\"since\":1.5}", "{\"since\":null}", "{\"until\":1e5}", "{\"until\":[]}",
            "{\"limit\":-1}", "{\"limit\":\"1\"}", "{\"limit\":1.5}", "{\"limit\":null}", "{\"#t\":\"x\"}", "{\"#t\":[1]}",
            "{\"#t\":null}", "{\"#tt\":[\"x\"]}", "{\"#\":[\"x\"]}", "{\"#1\":[\"x\"]}", "{\"&t\":[\"x\"]}", "{\"unknown\":1}",
            "{\"kinds\":[1],\"kinds\":[2]}", "{\"kinds\":[1],\"\\u006binds\":[2]}", "{\"#t\":[\"\\ud800\"]}", "{\"search\":1}",
            "{\"search\":\"x\"}", "{\"kinds\":[[1]]}", "{\"kinds\":[1]", "{\"kinds\":[1],}", "{\"kinds\":[01]}", "{,}",
            "{} {}", "{},", "{\"#t\":[" + string.Concat(Enumerable.Repeat("\"x\",", 20_000)) + "1]}",
            "{\"kinds\":[" + string.Join(',', Enumerable.Range(0, 6_000)) + "]}",
            string.Join(',', Enumerable.Repeat("{}", 21)),
        ])
        {
            foreach (string verb in (string[])["REQ", "COUNT"])
            {
                yield return ($"{verb} {Short(filter)}", $"[\"{verb}\",\"f\",{filter}]", "CLOSED");
            }
        }

        yield return ("REQ without an id", "[\"REQ\",\"\",{}]", "CLOSED");
        yield return ("REQ with a long id", $"[\"REQ\",\"{new string('x', 65)}\",{{}}]", "CLOSED");
        yield return ("REQ with a very long id", $"[\"REQ\",\"{new string('x', 60_000)}\",{{}}]", "CLOSED");
    }

    private static IEnumerable<(string What, string Message, string Expected)> Others()
    {
        yield return ("CLOSE of nothing", "[\"CLOSE\",\"nothing\"]", "");
        yield return ("NEG-CLOSE of nothing", "[\"NEG-CLOSE\",\"nothing\"]", "");
        foreach (string rest in (string[])
        [
            "", ",{}", ",{},1", ",{},null", ",{},\"\"", ",{},\"6\"", ",{},\"zz\"", ",{},\"61\",\"x\"", ",1,\"61\"",
            ",{\"ids\":1},\"61\"", ",{\"unknown\":1},\"61\"", ",[],\"61\"", ",\"61\",{}",
        ])
        {
            yield return ($"NEG-OPEN {rest}", $"[\"NEG-OPEN\",\"n\"{rest}]", "NEG-ERR");
        }

        yield return ("NEG-MSG of nothing", "[\"NEG-MSG\",\"nothing\",\"61\"]", "NEG-ERR");
        yield return ("NEG-OPEN with a long id", $"[\"NEG-OPEN\",\"{new string('x', 65)}\",{{}},\"61\"]", "NEG-ERR");
        yield return ("REQ without a filter", "[\"REQ\",\"a\"]", "CLOSED");
        yield return ("COUNT without a filter", "[\"COUNT\",\"a\"]", "CLOSED");
        yield return ("binary in text", "[\"EVENT\",\u0001]", "NOTICE");
        yield return ("AUTH with a signed note", "[\"AUTH\",{\"kind\":1}]", "NOTICE");
    }

    private static string Short(string text) => text.Length <= 60 ? text : $"{text[..57]}... ({text.Length})";
}
