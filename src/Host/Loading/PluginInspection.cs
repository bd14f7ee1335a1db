using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;

namespace Mortise.Host.Loading;

/// <summary>Everything that can be known of a plugin without running its code.</summary>
internal static class PluginInspection
{
    /// <summary>Checks a plugin's folder and what it asks for.</summary>
    /// <param name="plugin">The plugin.</param>
    /// <param name="problems">Receives every reason not to load it.</param>
    /// <param name="allowed">What it may use.</param>
    public static void Check(
        InstalledPlugin plugin, ICollection<Problem> problems, PluginPowers allowed = PluginPowers.All)
    {
        PluginManifest manifest = plugin.Manifest;
        void Add(ProblemCode code, string fact) => problems.Add(new Problem(code, manifest.At, $"{plugin} {fact}"));

        if (!manifest.Contract.Accepts(ContractVersion.Current))
        {
            Add(
                ProblemCode.Incompatible,
                $"works with contract {manifest.Contract}; "
                + $"this host has {ContractVersion.Current.ToNormalizedString()}");
        }

        if (!File.Exists(plugin.AssemblyPath))
        {
            Add(ProblemCode.LoadFailed, $"names {manifest.Assembly}, which is not in its folder");
            return;
        }

        CheckDependencies(plugin, Add);
        CheckFiles(plugin, Add);
        CheckAssemblies(plugin, Add);
        CheckPowers(plugin, allowed, Add);
    }

    private static void CheckDependencies(InstalledPlugin plugin, Action<ProblemCode, string> add)
    {
        string deps = Path.ChangeExtension(plugin.AssemblyPath, ".deps.json");
        if (!File.Exists(deps))
        {
            add(
                ProblemCode.LoadFailed,
                $"has no {Path.GetFileName(deps)}; set EnableDynamicLoading in its project");
            return;
        }

        try
        {
            foreach (string problem in DependencyFile.Check(deps, plugin.Folder))
            {
                add(ProblemCode.BadDependencies, problem);
            }

            string runtime = Path.ChangeExtension(plugin.AssemblyPath, ".runtimeconfig.json");
            if (File.Exists(runtime))
            {
                foreach (string problem in DependencyFile.CheckFrameworks(runtime))
                {
                    add(ProblemCode.WrongPlatform, problem);
                }
            }
        }
        catch (JsonException e)
        {
            add(ProblemCode.BadDependencies, $"has a damaged {Path.GetFileName(deps)} or runtimeconfig: {e.Message}");
        }

        foreach (string path in PluginFolder.Files(plugin.Folder)
            .Where(static p => p.EndsWith(".runtimeconfig.dev.json", StringComparison.OrdinalIgnoreCase)))
        {
            add(
                ProblemCode.BadDependencies,
                $"carries {Path.GetFileName(path)}, which lets code be loaded from elsewhere; delete it");
        }
    }

    /// <summary>What was packed must be what is there, when the manifest says what was packed.</summary>
    private static void CheckFiles(InstalledPlugin plugin, Action<ProblemCode, string> add)
    {
        if (plugin.Manifest.Files.Count == 0)
        {
            return;
        }

        var declared = plugin.Manifest.Files.ToDictionary(static f => f.Name, StringComparer.Ordinal);
        foreach (string path in PluginFolder.Files(plugin.Folder))
        {
            string name = Path.GetRelativePath(plugin.Folder, path).Replace(Path.DirectorySeparatorChar, '/');
            if (name is PluginManifest.FileName or PluginSignature.FileName)
            {
                continue;
            }

            if (!declared.Remove(name, out FileDeclaration? file))
            {
                add(ProblemCode.NotTrusted, $"has {name}, which its manifest does not list");
                continue;
            }

            using FileStream content = File.OpenRead(path);
            string found = Convert.ToHexStringLower(SHA256.HashData(content));
            if (!string.Equals(found, file.Sha256, StringComparison.Ordinal))
            {
                add(ProblemCode.NotTrusted, $"has another {name} than was packed: {found}, not {file.Sha256}");
            }
        }

        foreach (string missing in declared.Keys.Order(StringComparer.Ordinal))
        {
            add(ProblemCode.NotTrusted, $"lacks {missing}, which its manifest lists");
        }
    }

    private static void CheckAssemblies(InstalledPlugin plugin, Action<ProblemCode, string> add)
    {
        foreach (string path in PluginFolder.Files(plugin.Folder).Where(static p => Path.GetExtension(p) == ".dll"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (string.Equals(name, ContractVersion.AssemblyName, StringComparison.OrdinalIgnoreCase))
            {
                add(
                    ProblemCode.LoadFailed,
                    $"carries its own {ContractVersion.AssemblyName}.dll, which host and plugins must share; add "
                    + "Private=\"false\" ExcludeAssets=\"runtime\" to its reference in the plugin's project");
                continue;
            }

            try
            {
                if (WrongProcessor(path) is { } processor)
                {
                    add(
                        ProblemCode.WrongPlatform,
                        $"has {Path.GetFileName(path)} for {processor}; this host runs on "
                        + $"{RuntimeInformation.ProcessArchitecture}");
                }

                foreach (string missing in ContractUse.Missing(path))
                {
                    add(
                        ProblemCode.Incompatible,
                        $"was built for another contract: {Path.GetFileName(path)} uses {missing}, which contract "
                        + $"{ContractVersion.Current.ToNormalizedString()} does not have");
                }
            }
            catch (BadImageFormatException e)
            {
                add(ProblemCode.LoadFailed, $"has a damaged assembly, {Path.GetFileName(path)}: {e.Message}");
            }
        }
    }

    /// <summary>The processor that a managed assembly was compiled for, when it is not this one; natives are the
    /// loader's affair.</summary>
    private static string? WrongProcessor(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        if (!image.HasMetadata || image.PEHeaders.CorHeader is not { } header)
        {
            return null;
        }

        Machine machine = image.PEHeaders.CoffHeader.Machine;
        if (machine == Machine.I386)
        {
            return header.Flags.HasFlag(CorFlags.Requires32Bit) ? "x86" : null;
        }

        // Ready-to-run images are for a system too, told apart by a mask over the machine.
        Machine here = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Machine.Arm64 : Machine.Amd64;
        Machine other = here == Machine.Amd64 ? Machine.Arm64 : Machine.Amd64;
        return machine == other ? $"{machine}" : null;
    }

    private static void CheckPowers(InstalledPlugin plugin, PluginPowers allowed, Action<ProblemCode, string> add)
    {
        PluginManifest manifest = plugin.Manifest;
        if (allowed == PluginPowers.All && manifest.Posture is null)
        {
            return;
        }

        foreach ((PluginPowers power, string shownBy) in PluginPowersScan.Of(plugin.Folder))
        {
            string word = OptionText.Kebab(power.ToString());
            if (!allowed.HasFlag(power))
            {
                add(ProblemCode.PostureRefused, $"uses {word}, which this host does not allow: {shownBy}");
            }
            else if (manifest.Posture is { } declared && !declared.HasFlag(power))
            {
                add(ProblemCode.PostureRefused, $"uses {word} and its posture does not say so: {shownBy}");
            }
        }
    }
}
