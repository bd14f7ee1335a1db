namespace Mortise.Bench.Index;

/// <summary>What files occupy.</summary>
internal static class Blocks
{
    /// <summary>Bytes of a file's data, holes left out.</summary>
    public static long Of(string path)
    {
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("du", ["-s", "-B1", path]) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return long.Parse(text.Split('\t')[0]);
    }
}
