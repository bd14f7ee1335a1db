using Mortise.Engine;
using Mortise.Files;
using Mortise.Host.Loading;
using NuGet.Versioning;

namespace Mortise.Host.Composition;

/// <summary>One part of a store as its manifest records it, and who could read it here.</summary>
/// <param name="Instance">Its place in a stack: <c>wal</c>, <c>indexes/author-time</c>.</param>
/// <param name="Writer">Who wrote it.</param>
/// <param name="DurableLsn">The commit that it had made durable at the last checkpoint; null where the manifest does
/// not say.</param>
/// <param name="Files">Files in its directory.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Reader">An installed plugin that can read it; null when there is none.</param>
/// <param name="Obstacle">Why none can, with what to do; null when one can.</param>
public sealed record InspectedPart(
    string Instance,
    ManifestPart Writer,
    ulong? DurableLsn,
    int Files,
    long Bytes,
    InstalledPlugin? Reader,
    string? Obstacle);

/// <summary>What can be said of a store without any plugin: from its manifest and the names and sizes of its
/// files.</summary>
/// <remarks>Reads; takes no lock, loads no plugin, changes nothing.</remarks>
public sealed class StoreInspection
{
    private StoreInspection(StoreManifest? manifest, StorageException? damage, IReadOnlyList<InspectedPart> parts)
    {
        Manifest = manifest;
        Damage = damage;
        Parts = parts;
    }

    /// <summary>The manifest; null when there is none or it is damaged.</summary>
    public StoreManifest? Manifest { get; }

    /// <summary>What is wrong with the manifest; null when nothing is.</summary>
    public StorageException? Damage { get; }

    /// <summary>The parts that the manifest names: log, records, index families.</summary>
    public IReadOnlyList<InspectedPart> Parts { get; }

    /// <summary>Inspects a store.</summary>
    /// <param name="root">The store's directory.</param>
    /// <param name="installed">The plugins that are there.</param>
    public static StoreInspection Of(IStorageDirectory root, PluginCatalog installed)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(installed);
        StoreManifest? manifest;
        try
        {
            manifest = ManifestFile.TryRead(root);
        }
        catch (StorageException damage)
        {
            return new StoreInspection(null, damage, []);
        }

        if (manifest is null)
        {
            return new StoreInspection(null, null, []);
        }

        InspectedPart Part(string instance, ManifestPart writer, ulong? durable, string[] path)
        {
            (int files, long bytes) = Measure(root, path);
            (InstalledPlugin? reader, string? obstacle) = FindReader(writer, installed);
            return new InspectedPart(instance, writer, durable, files, bytes, reader, obstacle);
        }

        return new StoreInspection(
            manifest,
            null,
            [
                Part("wal", manifest.Log, null, ["wal"]),
                Part("records", manifest.Records, manifest.RecordsDurableLsn, ["records"]),
                .. manifest.Families.Select(f => Part(
                    $"indexes/{f.Name}",
                    f.Structure,
                    f.Partitions.Count == 0 ? null : f.Partitions.Min(static p => p.DurableLsn),
                    ["indexes", f.DirectoryName])),
            ]);
    }

    private static (InstalledPlugin? Reader, string? Obstacle) FindReader(ManifestPart writer, PluginCatalog installed)
    {
        InstalledPlugin[] having = [.. installed.WithComponent(writer.ComponentId)];
        if (having.Length == 0)
        {
            return (null, $"no installed plugin has {writer.ComponentId}; get {writer.PluginId} {writer.PluginVersion} "
                + $"and install it: mortise plugins add {writer.PluginId}.{writer.PluginVersion}.nupkg");
        }

        // Names of formats end with what the host itself puts around a component.
        string format = writer.FormatName.Split('+')[0];
        foreach (InstalledPlugin plugin in having.AsEnumerable().Reverse())
        {
            ComponentDeclaration component = plugin.Manifest.Components.First(c => c.IsCalled(writer.ComponentId));
            if (component.Format == format
                && component.FormatVersion >= writer.FormatVersion
                && component.OldestReadable <= writer.FormatVersion)
            {
                return (plugin, null);
            }
        }

        IEnumerable<NuGetVersion> versions = having.Select(static p => p.Manifest.Version).Distinct();
        return (null, $"{writer.PluginId} is installed as {string.Join(", ", versions)}, which does not read "
            + $"{writer.FormatName} {writer.FormatVersion}; install {writer.PluginVersion} or newer beside it");
    }

    private static (int Files, long Bytes) Measure(IStorageDirectory root, string[] path)
    {
        IStorageDirectory at = root;
        foreach (string name in path)
        {
            if (!at.Exists(name))
            {
                return (0, 0);
            }

            at = at.OpenDirectory(name);
        }

        return Measure(at);
    }

    private static (int Files, long Bytes) Measure(IStorageDirectory directory)
    {
        int files = 0;
        long bytes = 0;
        foreach (StorageEntry entry in directory.List())
        {
            (int f, long b) = entry.IsDirectory ? Measure(directory.OpenDirectory(entry.Name)) : (1, entry.LengthBytes);
            files += f;
            bytes += b;
        }

        return (files, bytes);
    }
}
