using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Tests.Composition;

namespace Mortise.Host.Tests.Configuration;

public sealed class OptionBindingTests
{
    [Fact]
    public void Every_type_of_option_is_read()
    {
        SampleOptions options = Options(
            "pageSize=16 KiB", "depth=-2", "ratio=1e-3", "eager=true", "label=a b", "mode=read-ahead", "linger=2m", "levels=[3, 4, 5]");
        Assert.Equal(ByteSize.KiB(16), options.PageSize);
        Assert.Equal(-2, options.Depth);
        Assert.Equal(0.001, options.Ratio);
        Assert.True(options.Eager);
        Assert.Equal("a b", options.Label);
        Assert.Equal(SampleMode.ReadAhead, options.Mode);
        Assert.Equal(TimeSpan.FromMinutes(2), options.Linger);
        Assert.Equal([3, 4, 5], options.Levels);
    }

    [Fact]
    public void What_is_not_said_keeps_the_default_of_the_class()
    {
        SampleOptions options = Options();
        Assert.Equal(new SampleOptions().Depth, options.Depth);
        Assert.Equal([1, 2], options.Levels);
    }

    [Theory]
    [InlineData("readAhead")]
    [InlineData("ReadAhead")]
    [InlineData("READAHEAD")]
    [InlineData("read-ahead")]
    public void An_enum_is_read_in_any_usual_spelling(string spelling) =>
        Assert.Equal(SampleMode.ReadAhead, Options($"mode={spelling}").Mode);

    [Theory]
    [InlineData("100ms", 100)]
    [InlineData("0", 0)]
    [InlineData("5s", 5000)]
    [InlineData("5m", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("7d", 604_800_000)]
    public void Times_have_units(string text, long milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Options($"linger={text}").Linger);

    [Theory]
    [InlineData("mode=2", "one of plain, read-ahead")]
    [InlineData("mode=", "one of plain, read-ahead")]
    [InlineData("linger=5", "a time such as 100ms, 5s, 5m, 1h or 7d")]
    [InlineData("linger=-5s", "a time such as 100ms, 5s, 5m, 1h or 7d")]
    [InlineData("linger=99999999999999d", "a time such as 100ms, 5s, 5m, 1h or 7d")]
    [InlineData("pageSize=1.5KiB", "a size such as 4096, 8KiB, 64MiB or 1GiB")]
    [InlineData("depth=1.0", "a whole number")]
    [InlineData("depth=99999999999", "a whole number")]
    [InlineData("depth=", "a whole number")]
    [InlineData("ratio=NaN", "a number")]
    [InlineData("ratio=1e999", "a number")]
    [InlineData("eager=yes", "true or false")]
    [InlineData("levels=3", "a list of a whole number")]
    public void A_wrong_type_says_what_would_be_right(string set, string right)
    {
        string problem = Assert.Single(SampleStack.Problems(SampleStack.Text, "indexes.id." + set));
        Assert.StartsWith("--set indexes.id.", problem, StringComparison.Ordinal);
        Assert.EndsWith("not " + right, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_in_quotes_is_text()
    {
        string text = SampleStack.Text.Replace("pageSize: 16KiB", "depth: \"4\"", StringComparison.Ordinal);
        Assert.EndsWith(
            "indexes.id.depth is '4' in quotes, not a whole number",
            Assert.Single(SampleStack.Problems(text)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_override_replaces_what_is_written_and_may_add_what_is_not()
    {
        ResolvedStack stack = SampleStack.Resolve(
            SampleStack.Text,
            "wal.syncMode=never",
            "engine.checkpointInterval=1m",
            "indexes.id.pageSize=32KiB",
            "indexes.second.projection=id",
            "indexes.second.plugin=sample.index",
            "indexes.second.version=^1.0",
            "indexes.second.partition=all");
        Assert.Equal(SyncMode.Never, stack.Engine.SyncMode);
        Assert.Equal(TimeSpan.FromMinutes(1), stack.Engine.CheckpointInterval);
        Assert.Equal(ByteSize.KiB(32), ((SampleOptions)stack.Families[0].Structure.Options).PageSize);
        Assert.Equal(["id", "author-time", "second"], stack.Families.Select(static f => f.Name));
        Assert.Equal(512, stack.Families[1].InlineBelow.Bytes);
        Assert.Equal(ByteSize.MiB(12), stack.CacheBudget);
    }

    [Fact]
    public void A_bad_override_is_reported_with_the_others() =>
        SampleStack.AssertLines(
            [
                "--set .b: must be KEY=VALUE, where KEY is a path such as wal.syncMode",
                "--set indexes.id.levels: not YAML: While parsing a flow sequence, did not find expected ',' or ']'.",
                "--set wal.syncMode.deeper: wal.syncMode is 'always' at stack.yaml:1:53, not a mapping",
                "--set walsyncMode: must be KEY=VALUE, where KEY is a path such as wal.syncMode",
            ],
            SampleStack.Problems(
                SampleStack.Text, "walsyncMode", ".b=1", "wal.syncMode.deeper=1", "indexes.id.levels=[1"));

    [Fact]
    public void A_section_of_somebody_else_is_bound_with_positions()
    {
        string text = SampleStack.Text + "\nnostr:\n  depth: 7\n  label: 5\n  dpeth: 1\n";
        ResolvedStack stack = SampleStack.Resolve(text);
        Assert.True(stack.TryGetSection("nostr", out StackSection? section));
        Assert.Equal(["depth", "label", "dpeth"], section.Keys);
        Assert.Equal("stack.yaml:15:10", section.PositionOf("depth").ToString());
        var error = Assert.Throws<StackException>(() => section.Bind<SampleOptions>());
        Assert.StartsWith(
            "stack.yaml:17:3: unknown key 'dpeth' in nostr; did you mean 'depth'?", error.Message, StringComparison.Ordinal);

        // When the program names the class beforehand, the problems come with all others.
        var early = Assert.Throws<StackException>(() => SampleStack
            .Host(configure: static o => o.Sections["nostr"] = typeof(SampleOptions))
            .Resolve(StackFile.Parse("stack.yaml", text, ["wal.syncMode=x"])));
        Assert.Equal(2, early.Problems.Count);
    }

    private static SampleOptions Options(params string[] sets) =>
        (SampleOptions)SampleStack.Resolve(SampleStack.Text, [.. sets.Select(static s => "indexes.id." + s)])
            .Families[0].Structure.Options;
}
