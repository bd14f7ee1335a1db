using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Installing;

/// <summary>Puts plugins into a root of plugin folders, and takes them out again.</summary>
/// <remarks>
/// <para>A plugin is put together beside its place, examined whole, and appears there by one rename: a host that
/// looks meanwhile sees the old state or the new. None of its code runs.</para>
/// <para>The trust list is the file <see cref="TrustFileName"/> in the root. Threads: one at a time.</para>
/// </remarks>
public sealed class PluginInstaller
{
    /// <summary>The name of the trust list in a root.</summary>
    public const string TrustFileName = "trust.txt";

    private const string Unfinished = ".new-";

    private readonly string _root;

    /// <summary>Works on a root, which is made when absent.</summary>
    /// <param name="root">A folder of plugin folders.</param>
    public PluginInstaller(string root)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        _root = Path.GetFullPath(root);
    }

    /// <summary>The path of the trust list.</summary>
    public string TrustPath => Path.Combine(_root, TrustFileName);

    /// <summary>Reads the trust list of a root; null when there is none.</summary>
    /// <exception cref="StackException">It is not a trust list.</exception>
    public static TrustList? ReadTrust(string root)
    {
        string path = Path.Combine(root, TrustFileName);
        return File.Exists(path) ? TrustList.Parse(path, File.ReadAllText(path)) : null;
    }

    /// <summary>Installs a package or a folder.</summary>
    /// <param name="source">A <c>.nupkg</c> or <c>.zip</c>, or a plugin's folder.</param>
    /// <param name="replace">True to put it in the place of other files of the same id and version.</param>
    /// <exception cref="PluginLoadException">It is no plugin that this host could load; nothing was
    /// changed.</exception>
    public InstalledPlugin Add(string source, bool replace = false)
    {
        Directory.CreateDirectory(_root);
        string staging = Path.Combine(_root, Unfinished + Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(staging);
        try
        {
            var problems = new List<Problem>();
            Gather(source, staging, problems);
            ThrowIfAny(problems);
            PluginManifest manifest = ReadManifest(staging, source, problems);
            var staged = new InstalledPlugin(manifest, staging);
            PluginInspection.Check(staged, problems);
            ThrowIfAny(problems);

            string place = Path.Combine(_root, manifest.Id, manifest.Version.ToNormalizedString());
            if (Directory.Exists(place))
            {
                if (PluginFolder.Hash(place).Sha256 == PluginFolder.Hash(staging).Sha256)
                {
                    return new InstalledPlugin(manifest, place);
                }

                if (!replace)
                {
                    throw new PluginLoadException([new Problem(
                        ProblemCode.Ambiguous,
                        new SourcePosition(source),
                        $"{staged} is installed in '{place}' with other files; replace it, or raise the version")]);
                }

                string old = Path.Combine(_root, Unfinished + Guid.NewGuid().ToString("n"));
                Directory.Move(place, old);
                Directory.Move(staging, place);
                Directory.Delete(old, recursive: true);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                Directory.Move(staging, place);
            }

            return new InstalledPlugin(manifest, place);
        }
        finally
        {
            if (Directory.Exists(staging))
            {
                Directory.Delete(staging, recursive: true);
            }
        }
    }

    /// <summary>Trusts a plugin as its files are now.</summary>
    public void Trust(InstalledPlugin plugin)
    {
        TrustList list = ReadTrust(_root) ?? TrustList.Empty;
        ArgumentNullException.ThrowIfNull(plugin);
        list.Remove(plugin.Manifest.Id, plugin.Manifest.Version.ToNormalizedString());
        list.Add(plugin);
        WriteTrust(list);
    }

    /// <summary>Trusts what a publisher has signed.</summary>
    /// <param name="ids">The plugins that may be the publisher's: an id, or <c>vendor.*</c>.</param>
    /// <param name="key">The publisher's key.</param>
    public void Trust(string ids, PublisherKey key)
    {
        TrustList list = ReadTrust(_root) ?? TrustList.Empty;
        list.Add(ids, key);
        WriteTrust(list);
    }

    /// <summary>Trusts a publisher's signature no more.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <returns>False when it was not trusted.</returns>
    public bool Distrust(string keyId)
    {
        if (ReadTrust(_root) is not { } list || !list.RemovePublisher(keyId))
        {
            return false;
        }

        WriteTrust(list);
        return true;
    }

    /// <summary>Removes a plugin's folder and its line in the trust list. Its code may go on running from its private
    /// copy.</summary>
    /// <exception cref="IOException">It is not in this root.</exception>
    public void Remove(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        if (!FolderSafety.IsWithin(_root, plugin.Folder))
        {
            throw new IOException($"{plugin} is in '{plugin.Folder}', not below '{_root}'");
        }

        Directory.Delete(plugin.Folder, recursive: true);
        string above = Path.GetDirectoryName(plugin.Folder)!;
        if (!Directory.EnumerateFileSystemEntries(above).Any())
        {
            Directory.Delete(above);
        }

        if (ReadTrust(_root) is { } list && list.Remove(plugin.Manifest.Id, plugin.Manifest.Version.ToNormalizedString()))
        {
            WriteTrust(list);
        }
    }

    private static void Gather(string source, string staging, List<Problem> problems)
    {
        var at = new SourcePosition(source);
        if (File.Exists(source))
        {
            PackageReader.Unpack(source, staging, problems);
            return;
        }

        if (!Directory.Exists(source))
        {
            problems.Add(new Problem(ProblemCode.Unreadable, at, "no such package or folder"));
            return;
        }

        FolderSafety.CheckBelow(source, strict: false, at, problems);
        if (problems.Count > 0)
        {
            return;
        }

        foreach (string path in PluginFolder.Files(source))
        {
            string relative = Path.GetRelativePath(source, path);
            if (PackageReader.Objection(relative.Replace(Path.DirectorySeparatorChar, '/')) is { } objection)
            {
                problems.Add(new Problem(ProblemCode.UnsafePath, at, $"the file '{relative}' {objection}"));
                continue;
            }

            string to = Path.Combine(staging, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(path, to);
        }
    }

    private static PluginManifest ReadManifest(string staging, string source, List<Problem> problems)
    {
        string path = Path.Combine(staging, PluginManifest.FileName);
        string origin = Path.Combine(source, PluginManifest.FileName);
        if (!File.Exists(path))
        {
            problems.Add(new Problem(ProblemCode.LoadFailed, new SourcePosition(origin), "there is no such file"));
            throw new PluginLoadException(problems);
        }

        PluginManifest? manifest = PluginManifest.Parse(origin, File.ReadAllBytes(path), problems);
        ThrowIfAny(problems);
        return manifest!;
    }

    private static void ThrowIfAny(List<Problem> problems)
    {
        if (problems.Count > 0)
        {
            throw new PluginLoadException(Problem.Sorted(problems));
        }
    }

    private void WriteTrust(TrustList list)
    {
        Directory.CreateDirectory(_root);
        string unfinished = Path.Combine(_root, Unfinished + Guid.NewGuid().ToString("n"));
        File.WriteAllText(unfinished, list.ToString(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(unfinished, TrustPath, overwrite: true);
    }
}
