using System.Buffers;
using System.Text;

namespace Mortise.Nostr.Tests.Events;

public sealed class EventRecordTests
{
    private static readonly byte[] s_author = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    [Fact]
    public void What_goes_in_comes_out()
    {
        string hex = new('a', 64);
        string[][] tags = [["d", ""], [], ["e", hex, "wss://x"], ["expiration", "1"], [""], ["", ""]];
        NostrEvent made = Make("héllo \0 \"", tags);
        Assert.Equal(1_700_000_000, made.CreatedAt);
        Assert.Equal(30023, made.Kind);
        Assert.Equal("héllo \0 \"", made.Content);
        Assert.Equal(tags, made.GetTags());
        Assert.Equal(tags.Length, made.View.TagCount);
        Assert.Equal(Convert.ToHexStringLower(s_author), made.PubKey);
        Assert.Equal(new string('0', 128), made.Sig);
        RoundTrips(made);
    }

    [Fact]
    public void A_tag_of_any_length_comes_back()
    {
        string large = string.Concat(Enumerable.Repeat("0123456789 ünï", 120_000 / 14));
        NostrEvent made = Make("", ["t", large, large]);
        Assert.Equal(["t", large, large], made.GetTags().Single());
        RoundTrips(made);
    }

    [Fact]
    public void Thousands_of_tags_and_of_values_come_back()
    {
        string[][] many = [.. Enumerable.Range(0, 3_000).Select(i => new[] { "p", i.ToString("x64") })];
        NostrEvent made = Make("", many);
        Assert.Equal(many, made.GetTags());
        RoundTrips(made);

        foreach (int count in new[] { 127, 128, 129, 16_383, 16_384, 20_000 })
        {
            string[] wide = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? "" : $"v{i}")];
            NostrEvent one = Make("", ["before"], wide, ["after"]);
            Assert.Equal([["before"], wide, ["after"]], one.GetTags());
            RoundTrips(one);
        }
    }

    [Theory]
    [InlineData("0123456789abcde", false)]
    [InlineData("0123456789abcdef", true)]
    [InlineData("0123456789abcdef0", false)]
    [InlineData("0123456789abcdef01", true)]
    [InlineData("0123456789ABCDEF", false)]
    [InlineData("0123456789abcdeF", false)]
    [InlineData("g123456789abcdef", false)]
    [InlineData(" 123456789abcdef", false)]
    [InlineData("0123456789abcde`", false)]
    [InlineData("0123456789abcde:", false)]
    [InlineData("0123456789abcde/", false)]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000ff", true)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", true)]
    [InlineData("", false)]
    [InlineData("ab", false)]
    public void Only_lower_case_digits_are_packed_and_all_spell_the_same_afterwards(string text, bool packed)
    {
        NostrEvent made = Make(text, [text, text]);
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        foreach (TagView tag in made.View.Tags)
        {
            foreach (TagValue value in tag)
            {
                Assert.Equal(packed, value.IsHex);
                Assert.Equal(packed ? text.Length / 2 : text.Length, value.Bytes.Length);
                Assert.Equal(text.Length, value.Utf8Length);
                Assert.Equal(text, value.ToString());
                Assert.True(value.EqualsUtf8(utf8));
                Assert.False(value.EqualsUtf8([.. utf8, (byte)'0']));
                byte[] copy = new byte[text.Length];
                Assert.Equal(text.Length, value.CopyUtf8To(copy));
                Assert.Equal(utf8, copy);
                for (int i = 0; i < utf8.Length; i++)
                {
                    copy[i] ^= 0x20;
                    Assert.False(value.EqualsUtf8(copy));
                    copy[i] ^= 0x20;
                }
            }
        }

        RoundTrips(made);
    }

    [Fact]
    public void A_value_does_not_fit_into_less()
    {
        NostrEvent made = Make("", ["abc", "0123456789abcdef"]);
        Assert.Throws<ArgumentException>(() => First(made)[0].CopyUtf8To(new byte[2]));
        Assert.Throws<ArgumentException>(() => First(made)[1].CopyUtf8To(new byte[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => First(made)[2].Utf8Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => First(made)[-1].Utf8Length);

        static TagView First(NostrEvent made)
        {
            foreach (TagView tag in made.View.Tags)
            {
                return tag;
            }

            throw new InvalidOperationException();
        }
    }

    [Fact]
    public void Tags_know_their_names()
    {
        NostrEvent made = Make("", [], [""], ["e"], ["ee"], ["expiration", "1"], ["0123456789abcdef"]);
        string named = "";
        foreach (TagView tag in made.View.Tags)
        {
            named += tag.IsNamed((byte)'e') ? 'e' : '-';
            named += tag.IsNamed("e"u8) ? 'e' : '-';
            named += tag.IsNamed("expiration"u8) ? 'x' : '-';
            named += tag.IsNamed("0123456789abcdef"u8) ? 'h' : '-';
            named += tag.IsNamed(""u8) ? '0' : '-';
        }

        Assert.Equal("-----" + "----0" + "ee---" + "-----" + "--x--" + "---h-", named);
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x01)]
    [InlineData(0xFF)]
    public void Ids_and_keys_of_any_bytes_come_back(byte first)
    {
        byte[] id = [first, .. new byte[30], first];
        byte[] signature = [.. Enumerable.Repeat(first, 64)];
        byte[] record = EventRecord.Encode(id, id, signature, long.MaxValue, 65535, new TagListWriter(), ""u8);
        EventView view = EventView.Open(record);
        Assert.Equal(id, view.Id.ToArray());
        Assert.Equal(id, view.PublicKey.ToArray());
        Assert.Equal(signature, view.Signature.ToArray());
        Assert.Equal(long.MaxValue, view.CreatedAt);
        Assert.Equal(65535, view.Kind);
        Assert.Equal(EventFormat.MinRecordBytes, record.Length);
        Assert.True(EventJson.TryParse(Encoding.UTF8.GetBytes(NostrEvent.FromView(view).ToJson()),
            out NostrEvent? parsed, out _));
        Assert.Equal(record, parsed.Record.ToArray());
    }

    [Fact]
    public void Values_out_of_bounds_are_the_callers_mistake()
    {
        byte[] id = new byte[32];
        byte[] signature = new byte[64];
        var tags = new TagListWriter();
        Assert.Throws<ArgumentException>(() => EventRecord.Encode(new byte[31], id, signature, 0, 0, tags, ""u8));
        Assert.Throws<ArgumentException>(() => EventRecord.Encode(id, new byte[33], signature, 0, 0, tags, ""u8));
        Assert.Throws<ArgumentException>(() => EventRecord.Encode(id, id, id, 0, 0, tags, ""u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventRecord.Encode(id, id, signature, -1, 0, tags, ""u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventRecord.Encode(id, id, signature, 0, -1, tags, ""u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventRecord.Encode(id, id, signature, 0, 65536, tags, ""u8));
        Assert.Throws<ArgumentException>(() => EventRecord.Encode(id, id, signature, 0, 0, tags, [0xFF]));
        Assert.ThrowsAny<ArgumentException>(() => Make("\ud83d"));
        Assert.ThrowsAny<ArgumentException>(() => Make("", ["\ude03"]));
        Assert.Throws<InvalidOperationException>(() => tags.Add("x"));
        Assert.Throws<InvalidOperationException>(tags.EndTag);
        tags.BeginTag();
        Assert.Throws<InvalidOperationException>(tags.BeginTag);
        Assert.Throws<ArgumentException>(() => tags.Add([0xC0]));
        tags.EndTag();
        Assert.Equal(1, tags.Count);
    }

    [Fact]
    public void Extensions_are_kept_in_order_and_found_and_do_not_touch_the_event()
    {
        NostrEvent made = Make("content", ["e", "x"]);
        var model = new SortedDictionary<int, byte[]>();
        byte[] record = made.Record.ToArray();
        int seed = TestSeed.Or(11);
        var random = new Random(seed);
        for (int i = 0; i < 300; i++)
        {
            int type = random.Next(1, random.Next(2) == 0 ? 10 : 100_000);
            byte[] value = new byte[random.Next(200)];
            random.NextBytes(value);
            record = EventRecord.WithExtension(record, type, value);
            model[type] = value;
            Assert.True(EventView.TryOpen(record, out EventView view, out string? fact),
                $"seed {seed}, step {i}: {fact}");
            foreach ((int known, byte[] expected) in model)
            {
                Assert.True(view.TryGetExtension(known, out ReadOnlySpan<byte> found),
                    $"seed {seed}, step {i}: {known}");
                Assert.True(found.SequenceEqual(expected), $"seed {seed}, step {i}: {known}");
            }

            Assert.False(view.TryGetExtension(100_000, out _));
            Assert.Equal(made.ToJson(), NostrEvent.FromView(view).ToJson());
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => EventRecord.WithExtension(record, 0, default));
        Assert.False(made.View.TryGetExtension(1, out _));
    }

    [Fact]
    public void A_newer_format_and_an_unknown_flag_are_said_to_be_so()
    {
        byte[] record = Make("x").Record.ToArray();
        record[0] = 2;
        Assert.Equal(StorageErrorCode.FormatTooNew, Assert.Throws<StorageException>(() => Touch(record)).Code);
        record[0] = 0;
        Assert.Equal(StorageErrorCode.Corrupt, Assert.Throws<StorageException>(() => Touch(record)).Code);
        record[0] = 1;
        record[1] = 0x80;
        Assert.Equal(StorageErrorCode.Corrupt, Assert.Throws<StorageException>(() => Touch(record)).Code);
        Assert.Throws<StorageException>(() => Touch([]));
        Assert.Throws<StorageException>(() => NostrEvent.FromRecord(record));
        record[1] = 0;
        Assert.Equal("x", NostrEvent.FromRecord(record).Content);

        static void Touch(byte[] record) => _ = EventView.Open(record).Kind;
    }

    private static NostrEvent Make(string content, params string[][] tags) =>
        NostrEvent.CreateUnsigned(s_author, 1_700_000_000, 30023, content, tags);

    private static void RoundTrips(NostrEvent made)
    {
        Assert.True(EventView.TryOpen(made.Record.Span, out EventView view, out string? fact), fact);
        Assert.True(EventId.IsRight(view));
        var json = new ArrayBufferWriter<byte>();
        EventJson.Write(view, json);
        Assert.True(EventJson.TryParse(json.WrittenSpan, out NostrEvent? parsed, out EventProblem problem),
            problem.ToString());
        Assert.True(made.Record.Span.SequenceEqual(parsed.Record.Span));
    }
}
