using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Tests.Composition;

namespace Mortise.Host.Tests.Configuration;

public sealed class StackErrorTests
{
    [Fact]
    public void Nine_errors_give_nine_lines_sorted_each_with_its_place()
    {
        const string Text = """
            wal: { plugin: sample.lgo, version: ^1.0, syncMode: sometimes }
            records: { plugin: sample.records, version: ^7.0 }
            cache: { plugin: sample.index, version: ^1.0 }
            partitions:
              all: { plugin: sample.partition, version: "*" }
            indexes:
              id: { projection: id, plugin: sample.index, version: ^1.0, partition: al, pageSzie: 16KiB, depth: deep }
              author-time: { projection: author-tiem, plugin: sample.index, version: ^1.0, partition: all, pageSize: 1MiB }
            nots: {}
            """;
        string[] problems = SampleStack.Problems(Text);
        SampleStack.AssertLines(
            [
                "stack.yaml:1:16: wal.plugin is 'sample.lgo', which no plugin has; did you mean 'sample.log'? "
                    + "of kind log there is: sample.log",
                "stack.yaml:1:53: wal.syncMode is 'sometimes', not one of always, batch, never",
                "stack.yaml:2:45: records.version is ^7.0, and sample is there as 1.2.0",
                "stack.yaml:3:18: cache.plugin is 'sample.index', which is of kind index, not cache; "
                    + "of kind cache there is: sample.cache",
                "stack.yaml:5:45: partitions.all.version: '*' names no version; name a major, for example ^1.0",
                "stack.yaml:7:73: indexes.id.partition is 'al', which partitions does not have; did you mean 'all'? "
                    + "partitions: all",
                "stack.yaml:7:77: unknown key 'pageSzie' in indexes.id; did you mean 'pageSize'? known: decorate, depth, eager, "
                    + "inlineBelow, label, levels, linger, mode, onFault, pageSize, partition, plugin, projection, ratio, reload, "
                    + "throttle, ...",
                "stack.yaml:7:101: indexes.id.depth is 'deep', not a whole number",
                "stack.yaml:8:30: indexes.author-time.projection is 'author-tiem', which nobody offers; "
                    + "did you mean 'author-time'? projections: author-time, id",
                "stack.yaml:8:106: indexes.author-time.pageSize must be 4KiB to 64KiB",
                "stack.yaml:9:1: unknown key 'nots' in the stack; did you mean 'nostr'? known: cache, engine, indexes, "
                    + "nostr, partitions, plugins, projections, records, relay, wal",
            ],
            problems);
    }

    [Theory]
    [InlineData("a: &x 1\nb: *x", "stack.yaml:1:4: the anchor &x is refused; write the value out")]
    [InlineData("b: *x", "stack.yaml:1:4: the alias *x is refused; write the value out")]
    [InlineData("a: !!python/object 1", "stack.yaml:1:4: the tag tag:yaml.org,2002:python/object is refused; write the value out")]
    [InlineData("a: 1\n---\nb: 2", "stack.yaml:2:1: a second document; a stack is one")]
    [InlineData("{a: 1}: 2", "stack.yaml:1:1: a key must be a single value")]
    [InlineData("just text", "stack.yaml:1:1: a stack is a mapping, not 'just text'")]
    [InlineData("- a", "stack.yaml:1:1: a stack is a mapping, not a list")]
    public void What_yaml_could_do_and_a_stack_must_not_is_refused_where_it_stands(string text, string problem) =>
        Assert.Equal([problem], SampleStack.Problems(text));

    [Fact]
    public void A_duplicate_key_names_both_places()
    {
        string[] problems = SampleStack.Problems(SampleStack.Text + "\nengine:\n  checkpointBytes: 1MiB\n  checkpointBytes: 2MiB\n");
        Assert.Equal(["stack.yaml:16:3: key 'checkpointBytes' stands here twice; the first is at stack.yaml:15:3"], problems);
    }

    [Fact]
    public void Text_that_is_not_yaml_is_one_error_with_its_place_and_a_hint_at_tabs()
    {
        Assert.Equal(
            ["stack.yaml:2:1: a tab: YAML indents with spaces"], SampleStack.Problems("wal:\n\tplugin: x\n"));
        Assert.Equal(
            ["stack.yaml:1:4: not YAML: While scanning a quoted scalar, found unexpected end of stream."],
            SampleStack.Problems("a: 'x\nb: 1\n"));
    }

    [Theory]
    [InlineData("[", 60_000)]
    [InlineData("{a: ", 15_000)]
    [InlineData("- ", 30_000)]
    public void Deep_nesting_is_refused_and_does_not_overflow_the_stack(string open, int times)
    {
        string problem = Assert.Single(SampleStack.Problems("a:\n " + string.Concat(Enumerable.Repeat(open, times))));
        Assert.Contains("nested deeper than 12 levels", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_by_indentation_is_refused()
    {
        string text = string.Concat(Enumerable.Range(0, 300).Select(static i => new string(' ', i) + "a:\n"));
        Assert.Contains("nested deeper than 12 levels", Assert.Single(SampleStack.Problems(text)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_beyond_64_KiB_is_refused_before_it_is_parsed()
    {
        string problem = Assert.Single(SampleStack.Problems("a: " + new string('x', 64 * 1024)));
        Assert.Equal("stack.yaml: 65539 characters; the most is 65536", problem);
        using var folder = new TemporaryFolder();
        string path = folder.Write("stack.yaml", new string('#', (64 * 1024) + 1));
        var error = Assert.Throws<StackException>(() => StackFile.Read(path));
        Assert.Equal(ProblemCode.TooLarge, Assert.Single(error.Problems).Code);
    }

    [Fact]
    public void No_text_makes_anything_but_a_stack_or_a_stack_exception()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int s) ? s : 7;
        int rounds = 500 * (int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int n) ? n : 1);
        var random = new Random(seed);
        const string Alphabet = "{}[]:,-&*!|>'\"%@`#?\t\n .a0~<=\\\0\uFEFF\u2028";
        for (int round = 0; round < rounds; round++)
        {
            var text = new StringBuilder(SampleStack.Text);
            for (int edits = random.Next(1, 6); edits > 0; edits--)
            {
                int at = random.Next(text.Length);
                switch (random.Next(3))
                {
                    case 0:
                        text.Remove(at, Math.Min(random.Next(1, 40), text.Length - at));
                        break;
                    case 1:
                        text.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                        break;
                    default:
                        text[at] = Alphabet[random.Next(Alphabet.Length)];
                        break;
                }
            }

            try
            {
                SampleStack.Resolve(text.ToString());
            }
            catch (StackException e)
            {
                Assert.All(e.Problems, static p => Assert.StartsWith("stack.yaml:", p.ToString(), StringComparison.Ordinal));
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}\n{text}");
            }
        }
    }

    [Fact]
    public void A_file_that_is_missing_or_not_utf8_is_one_problem()
    {
        using var folder = new TemporaryFolder();
        string absent = Path.Combine(folder.Path, "absent.yaml");
        Assert.Equal(
            ProblemCode.Unreadable, Assert.Single(Assert.Throws<StackException>(() => StackFile.Read(absent)).Problems).Code);
        File.WriteAllBytes(absent, [0x61, 0x3A, 0xFF]);
        Problem problem = Assert.Single(Assert.Throws<StackException>(() => StackFile.Read(absent)).Problems);
        Assert.Equal($"{absent}: not UTF-8 at byte 2", problem.ToString());
    }

    [Fact]
    public void An_empty_stack_says_what_a_stack_needs() =>
        Assert.Equal(
            [
                "stack.yaml:1:1: missing key 'wal' in the stack",
                "stack.yaml:1:1: missing key 'records' in the stack",
                "stack.yaml:1:1: missing key 'indexes' in the stack",
            ],
            SampleStack.Problems(""));

    [Fact]
    public void A_role_without_its_keys_or_of_another_shape_is_reported()
    {
        const string Text = """
            plugins: here
            engine: 5
            wal: sample.log
            records: {}
            partitions: []
            indexes:
              Id: { plugin: sample.index, version: ^1.0, inlineBelow: -1 }
            """;
        SampleStack.AssertLines(
            [
                "stack.yaml:1:10: plugins is 'here', not a list of folders",
                "stack.yaml:2:9: engine is '5', not a mapping",
                "stack.yaml:3:6: wal is 'sample.log', not a mapping with plugin and version",
                "stack.yaml:4:10: missing key 'plugin' in records: the id of a component such as mortise.wal",
                "stack.yaml:4:10: missing key 'version' in records: a range such as ^1.0",
                "stack.yaml:5:13: partitions is a list, not a mapping",
                "stack.yaml:7:3: 'Id' is not a name in indexes: 1 to 64 of a-z, 0-9 and '-'",
                "stack.yaml:7:7: missing key 'projection' in indexes.Id: text",
                "stack.yaml:7:7: missing key 'partition' in indexes.Id: text",
                "stack.yaml:7:59: indexes.Id.inlineBelow is '-1', not a size such as 4096, 8KiB, 64MiB or 1GiB",
            ],
            SampleStack.Problems(Text));
    }

    [Fact]
    public void A_folder_of_plugins_that_is_not_there_is_an_error_of_the_stack() =>
        Assert.Equal(
            ["stack.yaml:14:11: plugins names the folder 'nowhere', which is not there"],
            SampleStack.Problems(SampleStack.Text + "\nplugins: [nowhere]\n"));

    [Fact]
    public void The_exception_is_its_problems_one_a_line_and_no_stack_trace()
    {
        var error = Assert.Throws<StackException>(() => SampleStack.Resolve(""));
        Assert.Equal(string.Join(Environment.NewLine, error.Problems), error.ToString());
    }
}
