namespace Mortise.Cli.Tests;

/// <summary>A test that watches or fails calls of the system; skipped, and says so, where strace is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StraceFactAttribute : FactAttribute
{
    public StraceFactAttribute() => Skip = WhyNot();

    /// <summary>Why calls of the system cannot be watched here; null when they can.</summary>
    public static string? WhyNot()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return OperatingSystem.IsLinux() && folders.Any(folder => File.Exists(Path.Combine(folder, "strace")))
            ? null
            : "strace is not on this machine";
    }
}

/// <summary>The same with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StraceTheoryAttribute : TheoryAttribute
{
    public StraceTheoryAttribute() => Skip = StraceFactAttribute.WhyNot();
}
