namespace Mortise.Architecture.Tests;

/// <summary>Fails with the whole list of what was found, one a line.</summary>
internal static class Findings
{
    public static void None(IEnumerable<string> found)
    {
        string[] all = [.. found];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
