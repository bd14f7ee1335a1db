using System.Reflection;

namespace Mortise.Architecture.Tests;

/// <summary>The tree that these tests read.</summary>
internal static class Repository
{
    private static readonly string[] s_notOurs = [".git", "artifacts", "bin", "obj", "TestResults", "node_modules"];

    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Configuration { get; } = Metadata("Configuration").ToLowerInvariant();

    /// <summary>Every file of the tree but build output, as a path from the root with '/'.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Walk(new DirectoryInfo(Root)).Select(Relative).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> FilesEndingIn(params string[] endings) =>
        Files.Where(file => endings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)));

    public static string Full(string relative) => Path.Combine(Root, relative);

    public static string Text(string relative) => File.ReadAllText(Full(relative));

    public static string[] Lines(string relative) => File.ReadAllLines(Full(relative));

    /// <summary>The built assembly of a project, in the configuration that these tests run in.</summary>
    public static string Binary(string project) =>
        Path.Combine(Root, "artifacts", "bin", project, Configuration, project + ".dll");

    /// <summary>Names of the projects below a folder.</summary>
    public static IEnumerable<string> Projects(string folder) =>
        FilesEndingIn(".csproj").Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal))
            .Select(file => Path.GetFileNameWithoutExtension(file));

    public static string Relative(FileSystemInfo file) => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/');

    private static IEnumerable<FileInfo> Walk(DirectoryInfo directory) =>
        directory.EnumerateFiles().Concat(
            directory.EnumerateDirectories().Where(child => !s_notOurs.Contains(child.Name)).SelectMany(Walk));

    private static string Metadata(string key) => typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == key).Value!;
}
