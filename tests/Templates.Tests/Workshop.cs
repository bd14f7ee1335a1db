using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace Mortise.Templates.Tests;

/// <summary>A place to make plugins in, as their author has one: the packages of this tree in a folder, no registry, no
/// other source of packages, a home of its own.</summary>
/// <remarks>Packages of others come from where this tree's restore has put them. Those of this tree never do: a test
/// must not find yesterday's.</remarks>
public sealed class Workshop : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mortise-templates-");

    public Workshop()
    {
        string others = Directory.CreateDirectory(Path.Combine(Folder, "others")).FullName;
        foreach (string package in Directory.GetDirectories(Metadata("PackageRoot")))
        {
            string name = Path.GetFileName(package);
            if (!name.StartsWith("mortise.", StringComparison.OrdinalIgnoreCase))
            {
                Directory.CreateSymbolicLink(Path.Combine(others, name), package);
            }
        }

        // Sources that a machine or a person has configured are out of reach, so that nothing is fetched.
        File.WriteAllText(
            Path.Combine(Folder, "nuget.config"),
            "<configuration><packageSources><clear /></packageSources></configuration>");
        Run("""
            $TREE/eng/pack $FEED
            dotnet new install $FEED/Mortise.Templates.*.nupkg
            """);
    }

    public string Folder => _folder.FullName;

    public static string Root => Metadata("RepositoryRoot");

    /// <summary>Runs a script with <c>bash -e</c>.</summary>
    /// <param name="script">Its text.</param>
    /// <returns>All that it wrote; the test fails when it fails.</returns>
    public string Run(string script)
    {
        string configuration = Metadata("Configuration");
        string tool = Path.Combine(
            Root, "artifacts", "bin", "Mortise.Cli", configuration.ToLowerInvariant(), "Mortise.Cli.dll");
        var start = new ProcessStartInfo("bash", ["-e"])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (string Name, string Value)[] variables =
        [
            ("TREE", Root),
            ("FEED", Path.Combine(Folder, "feed")),
            ("MORTISE_PACK", $"-p:Configuration={configuration} -p:NoBuild=true"),
            ("MORTISE_PLUGINS", Path.Combine(Folder, "plugins")),
            ("MORTISE_PLUGIN_CACHE", Path.Combine(Folder, "copies")),
            ("DOTNET_CLI_HOME", Path.Combine(Folder, "home")),
            ("DOTNET_NOLOGO", "1"),
            ("NUGET_PACKAGES", Path.Combine(Folder, "packages")),
            ("RestoreFallbackFolders", Path.Combine(Folder, "others")),

            // The build of these tests is no parent of the builds in them.
            ("MSBUILDDISABLENODEREUSE", "1"),
        ];
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        foreach (string name in (string[])["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath"])
        {
            start.Environment.Remove(name);
        }

        var said = new StringBuilder();
        void Keep(object _, DataReceivedEventArgs line)
        {
            lock (said)
            {
                said.AppendLine(line.Data);
            }
        }

        using var shell = new Process { StartInfo = start };
        shell.OutputDataReceived += Keep;
        shell.ErrorDataReceived += Keep;
        shell.Start();
        shell.BeginOutputReadLine();
        shell.BeginErrorReadLine();
        shell.StandardInput.Write($"mortise() {{ dotnet exec '{tool}' \"$@\"; }}\n{script}\n");
        shell.StandardInput.Close();
        shell.WaitForExit();
        Assert.True(shell.ExitCode == 0, $"exit {shell.ExitCode}:\n{said}");
        return said.ToString();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Metadata(string key) => typeof(Workshop).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == key).Value!;
}
