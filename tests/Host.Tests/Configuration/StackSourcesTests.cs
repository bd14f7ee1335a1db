using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Tests.Composition;

namespace Mortise.Host.Tests.Configuration;

/// <summary>Includes, profiles, and values from the environment and from files.</summary>
public sealed class StackSourcesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_stack_builds_on_others_and_its_own_values_win()
    {
        _folder.Write("base.yaml", SampleStack.Text);
        string path = _folder.Write("own.yaml", """
            include: [base.yaml]
            cache: { budget: 3MiB }
            indexes:
              id: { pageSize: 32KiB }
            profiles:
              small: { cache: { budget: 1MiB } }
            """);
        Assert.Equal(ByteSize.MiB(3), SampleStack.Host().Resolve(StackFile.Read(path)).CacheBudget);
        ResolvedStack small = SampleStack.Host().Resolve(StackFile.Read(path, profile: "small"));
        Assert.Equal(ByteSize.MiB(1), small.CacheBudget);
        Assert.Equal(ByteSize.KiB(32), ((SampleOptions)small.Families[0].Structure.Options).PageSize);
        Assert.Equal(2, small.Families.Count);
        Assert.Contains(
            "--profile smal: the stack has no such profile; did you mean 'small'?",
            Assert.Throws<StackException>(() => SampleStack.Host().Resolve(StackFile.Read(path, profile: "smal"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_in_an_included_file_is_reported_there_and_a_circle_is_one()
    {
        string included = _folder.Write("base.yaml", "include: [own.yaml]\ncache: { budgett: 1MiB }\n");
        string path = _folder.Write("own.yaml", "include: [base.yaml, absent.yaml]\n" + SampleStack.Text);
        string message = Assert.Throws<StackException>(() => SampleStack.Host().Resolve(StackFile.Read(path))).Message;
        Assert.Contains($"{included}:2:10: unknown key 'budgett' in cache", message, StringComparison.Ordinal);
        Assert.Contains("own.yaml:1:22: the stack cannot be read", message, StringComparison.Ordinal);
        Assert.Contains("includes itself", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_may_come_from_the_environment_or_a_file_and_is_not_shown()
    {
        _folder.Write("label.txt", "s3cret\n");
        string name = $"MORTISE_TEST_{Guid.NewGuid():n}";
        Environment.SetEnvironmentVariable(name, "16KiB");
        string path = _folder.Write("own.yaml", SampleStack.Text
            .Replace("pageSize: 16KiB }", $"pageSize: \"x\" }}", StringComparison.Ordinal)
            .Replace("id: { projection: id, plugin: sample.index, version: ^1.0, partition: all, pageSize: \"x\" }", $$"""
                id:
                    projection: id
                    plugin: sample.index
                    version: ^1.0
                    partition: all
                    pageSize: ${env:{{name}}}
                    label: ${file:label.txt}
                    depth: ${env:{{name}}_ABSENT:-7}
                """, StringComparison.Ordinal));
        ResolvedStack stack = SampleStack.Host().Resolve(StackFile.Read(path));
        var options = (SampleOptions)stack.Families[0].Structure.Options;
        Assert.Equal((ByteSize.KiB(16), "s3cret", 7), (options.PageSize, options.Label, options.Depth));
        string shown = StackView.Write(stack, withOrigins: false);
        Assert.DoesNotContain("s3cret", shown, StringComparison.Ordinal);
        Assert.Contains("label: ${file:label.txt}", shown, StringComparison.Ordinal);
        Assert.Equal(shown, StackView.Write(
            SampleStack.Host().Resolve(StackFile.Parse("again", shown, folder: _folder.Path)), withOrigins: false));

        Environment.SetEnvironmentVariable(name, null);
        Assert.Contains(
            $"the environment has no variable {name}; set it",
            Assert.Throws<StackException>(() => SampleStack.Host().Resolve(StackFile.Read(path))).Message,
            StringComparison.Ordinal);
    }
}
