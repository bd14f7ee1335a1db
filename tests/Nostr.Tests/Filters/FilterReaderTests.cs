using System.Text;

namespace Mortise.Nostr.Tests.Filters;

public sealed class FilterReaderTests
{
    private const string Hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    [Fact]
    public void Every_field_of_a_filter_is_read()
    {
        Filter filter = Filter.Parse(
            $$"""{"ids":["{{Hex}}"],"authors":["{{Hex}}"],"kinds":[1,0],"#t":["b","a","a"],"#E":["x"],"since":5,"until":9,"limit":3,"search":"a b"}""");
        Assert.Equal(1, filter.Ids!.Count);
        Assert.Equal(Hex, Convert.ToHexStringLower(filter.Authors![0]));
        Assert.Equal(0, filter.Kinds![0]);
        Assert.Equal(1, filter.Kinds[1]);
        Assert.Equal([(byte)'E', (byte)'t'], filter.Tags.Select(t => t.Letter));
        Assert.Equal(2, filter.Tags[1].Count);
        Assert.Equal(5, filter.Since);
        Assert.Equal(9, filter.Until);
        Assert.Equal(3, filter.Limit);
        Assert.Equal("a b", filter.Search);
    }

    [Fact]
    public void Writing_and_reading_gives_the_same_filter()
    {
        string json = $$"""{"ids":["{{Hex}}"],"authors":[],"kinds":[1,30023],"#d":["","\u00e9\ud83d\ude00"],"#p":["{{Hex}}"],"since":1,"until":2,"limit":0,"search":"x"}""";
        string written = Filter.Parse(json).ToJson();
        Assert.Equal(written, Filter.Parse(written).ToJson());
        Assert.Equal(Filter.Parse(json).Tags, Filter.Parse(written).Tags);
    }

    [Fact]
    public void Numbers_beyond_64_bits_are_clamped_and_a_negative_since_is_zero()
    {
        Filter filter = Filter.Parse("""{"since":-5,"until":99999999999999999999999,"limit":99999999999}""");
        Assert.Equal(0, filter.Since);
        Assert.Equal(long.MaxValue, filter.Until);
        Assert.Equal(int.MaxValue, filter.Limit);
        Assert.False(filter.IsEmpty);
        Assert.True(Filter.Parse("""{"until":-1}""").IsEmpty);
    }

    [Theory]
    [InlineData("""{"ids":[]}""")]
    [InlineData("""{"authors":[]}""")]
    [InlineData("""{"kinds":[]}""")]
    [InlineData("""{"#t":[]}""")]
    [InlineData("""{"limit":0}""")]
    [InlineData("""{"since":2,"until":1}""")]
    public void An_empty_condition_is_met_by_no_event(string json) => Assert.True(Filter.Parse(json).IsEmpty);

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "expected a filter object")]
    [InlineData("null", "expected a filter object")]
    [InlineData("{", "not JSON")]
    [InlineData("{} {}", "not JSON")]
    [InlineData("""{"kinds":[1],"kinds":[2]}""", "twice")]
    [InlineData("""{"kind":[1]}""", "unknown field 'kind'")]
    [InlineData("""{"#ee":["x"]}""", "unknown field '#ee'")]
    [InlineData("""{"#1":["x"]}""", "unknown field '#1'")]
    [InlineData("""{"kinds":1}""", "expected an array")]
    [InlineData("""{"kinds":[65536]}""", "kinds[0] is 65536")]
    [InlineData("""{"kinds":[-1]}""", "kinds[0] is -1")]
    [InlineData("""{"kinds":[1.5]}""", "no fraction")]
    [InlineData("""{"kinds":["1"]}""", "kinds[0] is a string")]
    [InlineData("""{"since":1e3}""", "no fraction or exponent")]
    [InlineData("""{"since":1e400}""", "no fraction or exponent")]
    [InlineData("""{"since":null}""", "since is null")]
    [InlineData("""{"limit":-1}""", "limit is -1")]
    [InlineData("""{"search":1}""", "search is a number")]
    [InlineData("""{"ids":["00"]}""", "64 lower-case")]
    [InlineData("""{"ids":["00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"]}""", "64 lower-case")]
    [InlineData("""{"#t":["\ud800"]}""", "surrogate")]
    [InlineData("""{"#t":[null]}""", "#t[0] is null")]
    [InlineData("""{"ids":[[[[[[]]]]]]}""", "ids[0] is an array")]
    public void What_is_not_a_filter_is_refused_with_the_reason(string json, string reason)
    {
        FilterFormatException error = Assert.Throws<FilterFormatException>(() => Filter.Parse(json));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.InRange(error.Position, 0, json.Length);
    }

    [Fact]
    public void Invalid_UTF8_is_refused()
    {
        byte[] json = [.. "{\"#t\":[\""u8, 0xC3, 0x28, .. "\"]}"u8];
        Assert.Throws<FilterFormatException>(() => Filter.Parse(json));
    }

    [Fact]
    public void A_request_is_a_filter_or_an_array_of_filters()
    {
        Assert.Single(Filter.ParseRequest("{}"u8));
        Assert.Equal(2, Filter.ParseRequest("""[{},{"kinds":[1]}]"""u8).Count);
        Assert.Throws<FilterFormatException>(() => Filter.ParseRequest("[]"u8));
    }

    [Fact]
    public void No_mutation_of_a_filter_does_more_than_be_refused()
    {
        var random = new Random(20260722);
        byte[] seed = Encoding.UTF8.GetBytes(
            $$"""{"ids":["{{Hex}}"],"kinds":[1,7],"#t":["a\n\u00e9"],"since":5,"until":900,"limit":3,"search":"a"}""");
        int read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = seed.ToArray();
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(bytes.Length);
                bytes[at] = random.Next(4) == 0 ? (byte)random.Next(256) : seed[random.Next(seed.Length)];
            }

            if (random.Next(4) == 0)
            {
                bytes = bytes[..random.Next(bytes.Length)];
            }

            try
            {
                Filter filter = Filter.Parse(bytes);
                Assert.Equal(filter.ToJson(), Filter.Parse(filter.ToJson()).ToJson());
                read++;
            }
            catch (FilterFormatException)
            {
            }
        }

        Assert.InRange(read, 1, 19_999);
    }
}
