namespace Mortise.Host.Loading;

/// <summary>Where a program looks for plugins when nobody tells it.</summary>
public static class PluginFolders
{
    /// <summary>The environment variable that names folders, separated as in PATH; then nothing else is looked
    /// at.</summary>
    public const string Variable = "MORTISE_PLUGINS";

    /// <summary>The folders that exist: those of <see cref="Variable"/>, or else <c>plugins</c> beside the program, or
    /// else
    /// <c>artifacts/plugins</c> above it, where a build of this repository stages them.</summary>
    /// <param name="programFolder">Usually <see cref="AppContext.BaseDirectory"/>.</param>
    public static IReadOnlyList<string> Find(string programFolder)
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
        {
            return named.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        }

        string beside = Path.Combine(programFolder, "plugins");
        if (Directory.Exists(beside))
        {
            return [beside];
        }

        for (DirectoryInfo? above = new(programFolder); above is not null; above = above.Parent)
        {
            string staged = Path.Combine(above.FullName, "artifacts", "plugins");
            if (Directory.Exists(staged))
            {
                return [staged];
            }
        }

        return [];
    }
}
