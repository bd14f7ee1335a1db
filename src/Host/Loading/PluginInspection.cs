using Mortise.Host.Configuration;

namespace Mortise.Host.Loading;

/// <summary>Everything that can be known of a plugin without running its code.</summary>
internal static class PluginInspection
{
    /// <summary>Checks a plugin's folder and what it asks for.</summary>
    /// <param name="plugin">The plugin.</param>
    /// <param name="problems">Receives every reason not to load it.</param>
    public static void Check(InstalledPlugin plugin, ICollection<Problem> problems)
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

        if (!File.Exists(Path.ChangeExtension(plugin.AssemblyPath, ".deps.json")))
        {
            Add(
                ProblemCode.LoadFailed,
                $"has no {Path.ChangeExtension(manifest.Assembly, ".deps.json")}; "
                + "set EnableDynamicLoading in its project");
        }

        foreach (string path in PluginFolder.Files(plugin.Folder).Where(static p => Path.GetExtension(p) == ".dll"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (string.Equals(name, ContractVersion.AssemblyName, StringComparison.OrdinalIgnoreCase))
            {
                Add(
                    ProblemCode.LoadFailed,
                    $"carries its own {ContractVersion.AssemblyName}.dll, which host and plugins must share; add "
                    + "Private=\"false\" ExcludeAssets=\"runtime\" to its reference in the plugin's project");
                continue;
            }

            try
            {
                foreach (string missing in ContractUse.Missing(path))
                {
                    Add(
                        ProblemCode.Incompatible,
                        $"was built for another contract: {Path.GetFileName(path)} uses {missing}, which contract "
                        + $"{ContractVersion.Current.ToNormalizedString()} does not have");
                }
            }
            catch (BadImageFormatException e)
            {
                Add(ProblemCode.LoadFailed, $"has a damaged assembly, {Path.GetFileName(path)}: {e.Message}");
            }
        }
    }
}
