namespace Mortise.Architecture.Tests;

/// <summary>The contract's public surface is written down; whoever changes it changes that text too, and a reviewer
/// sees it. UPDATE_API=1 rewrites the text.</summary>
public sealed class PublicApiTests
{
    private const string Approved = "src/Abstractions/baseline/API.approved.txt";

    [Fact]
    public void The_contract_is_the_approved_one()
    {
        string actual = ApiText.Of(typeof(Lsn).Assembly);
        if (Environment.GetEnvironmentVariable("UPDATE_API") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Repository.Full(Approved))!);
            File.WriteAllText(Repository.Full(Approved), actual);
        }

        string[] expected = Repository.Lines(Approved);
        string[] lines = actual.TrimEnd('\n').Split('\n');
        Assert.True(
            expected.SequenceEqual(lines),
            "the public surface of Mortise.Abstractions differs from the approved one:\n"
            + string.Join('\n', expected.Except(lines).Select(line => "- " + line)
                .Concat(lines.Except(expected).Select(line => "+ " + line)))
            + "\nset UPDATE_API=1 and run this test to approve it, if plugins built against the old one still load");
    }

    [Fact]
    public void The_contract_shows_no_type_but_its_own_and_those_of_the_runtime() =>
        Assert.DoesNotContain("Mortise.Primitives", ApiText.Of(typeof(Lsn).Assembly), StringComparison.Ordinal);
}
