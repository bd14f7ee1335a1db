using System.Text.Json;
using Mortise.Host.Configuration;

namespace Mortise.Cli.Tests;

public sealed class SearchTests
{
    [Fact]
    public async Task Two_lines_of_a_stack_add_an_index_of_words_to_a_store_that_has_events()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 200);
        ToolRun all = (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded();
        string word = all.Lines.SelectMany(Words).GroupBy(w => w).OrderBy(g => g.Count()).First().Key;
        string[] expected = [.. all.Lines.Where(line => Words(line).Contains(word)).Select(Id).Order()];
        string[] search = ["query", $$"""{"search":"{{word.ToUpperInvariant()}}"}""", "--ids", "--data", folder.Data];

        ToolRun refused = await ToolRun.OfAsync(search);
        Assert.Equal(ExitCode.BadInput, refused.Exit);
        Assert.Contains("'search' needs an index of words", refused.Error, StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(folder.Data, "stack.yaml"), DefaultStack.Text.Replace(
            "indexes:\n",
            "projections:\n  words: { plugin: mortise.search.words, version: ^1.0 }\n"
                + "indexes:\n  words: { projection: words, plugin: mortise.btree, version: ^1.0, partition: all }\n",
            StringComparison.Ordinal));
        ToolRun found = (await ToolRun.OfAsync([.. search, "--explain"])).Succeeded();
        Assert.Equal(expected, found.Lines.Order());
        Assert.Contains($"merge words ('{word}'", found.Error, StringComparison.Ordinal);
        (await ToolRun.OfAsync("doctor", "--data", folder.Data)).Succeeded();
    }

    private static string Id(string line) => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!;

    private static HashSet<string> Words(string line) =>
    [
        .. JsonDocument.Parse(line).RootElement.GetProperty("content").GetString()!
            .Split(' ').Where(w => w.Length > 3 && w.All(char.IsAsciiLetterLower)),
    ];
}
