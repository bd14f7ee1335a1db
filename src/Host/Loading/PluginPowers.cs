using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Mortise.Host.Loading;

/// <summary>What a plugin's code uses beyond what a host hands it.</summary>
[Flags]
public enum PluginPowers
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Native code: libraries in its folder, or calls into the system's.</summary>
    Native = 1,

    /// <summary>The network.</summary>
    Network = 2,

    /// <summary>Threads and timers of its own.</summary>
    Threads = 4,

    /// <summary>Other processes.</summary>
    Processes = 8,

    /// <summary>Files other than through the directory that the host hands it.</summary>
    Files = 16,

    /// <summary>Everything.</summary>
    All = Native | Network | Threads | Processes | Files,
}

/// <summary>Finds out from metadata what powers assemblies use.</summary>
/// <remarks>Checked, not believed; but what is reached through reflection alone is not seen. It keeps honest authors
/// honest and is no sandbox.</remarks>
internal static class PluginPowersScan
{
    private static readonly HashSet<string> s_files = new(StringComparer.Ordinal)
    {
        "System.IO.File", "System.IO.FileStream", "System.IO.Directory", "System.IO.FileInfo",
        "System.IO.DirectoryInfo", "System.IO.RandomAccess", "System.IO.MemoryMappedFiles.MemoryMappedFile",
        "System.IO.FileSystemWatcher",
    };

    private static readonly HashSet<string> s_made = new(StringComparer.Ordinal)
    {
        "System.Threading.Thread..ctor", "System.Threading.Timer..ctor", "System.Timers.Timer..ctor",
        "System.Threading.PeriodicTimer..ctor", "System.Threading.Tasks.Task.Run",
        "System.Threading.ThreadPool.QueueUserWorkItem", "System.Threading.ThreadPool.UnsafeQueueUserWorkItem",
        "System.Threading.Tasks.Parallel.For", "System.Threading.Tasks.Parallel.ForEach",
    };

    /// <summary>Looks at every file of a folder.</summary>
    /// <returns>Each power with the file and the name that show it, the first of each.</returns>
    public static IReadOnlyDictionary<PluginPowers, string> Of(string folder)
    {
        var found = new Dictionary<PluginPowers, string>();
        foreach (string path in PluginFolder.Files(folder))
        {
            string name = Path.GetFileName(path);
            using FileStream file = File.OpenRead(path);
            if (IsNativeImage(file))
            {
                found.TryAdd(PluginPowers.Native, name);
            }
            else if (Path.GetExtension(path) == ".dll")
            {
                file.Position = 0;
                Read(file, name, found);
            }
        }

        return found;
    }

    /// <summary>The flags together.</summary>
    public static PluginPowers Combined(IReadOnlyDictionary<PluginPowers, string> found) =>
        found.Keys.Aggregate(PluginPowers.None, static (all, one) => all | one);

    private static bool IsNativeImage(FileStream file)
    {
        Span<byte> head = stackalloc byte[4];
        int read = file.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        if (read < 4)
        {
            return false;
        }

        uint magic = BitConverter.ToUInt32(head);
        return head.SequenceEqual("\u007FELF"u8)
            || magic is 0xFEEDFACE or 0xFEEDFACF or 0xCAFEBABE or 0xCEFAEDFE or 0xCFFAEDFE or 0xBEBAFECA;
    }

    private static void Read(FileStream stream, string file, Dictionary<PluginPowers, string> found)
    {
        using var image = new PEReader(stream);
        try
        {
            if (!image.HasMetadata)
            {
                found.TryAdd(PluginPowers.Native, file);
                return;
            }

            Read(image.GetMetadataReader(), file, found);
        }
        catch (BadImageFormatException)
        {
            // Reported by the check of the contract, which reads the same file.
        }
    }

    private static void Read(MetadataReader reader, string file, Dictionary<PluginPowers, string> found)
    {
        foreach (MethodDefinitionHandle handle in reader.MethodDefinitions)
        {
            MethodDefinition method = reader.GetMethodDefinition(handle);
            if (method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
            {
                found.TryAdd(PluginPowers.Native, $"{file} calls {reader.GetString(method.Name)}");
            }
        }

        foreach (TypeReferenceHandle handle in reader.TypeReferences)
        {
            string name = NameOf(reader, handle);
            PluginPowers power = name switch
            {
                "System.Runtime.InteropServices.NativeLibrary" => PluginPowers.Native,
                "System.Diagnostics.Process" or "System.Diagnostics.ProcessStartInfo" => PluginPowers.Processes,
                "System.Net.WebUtility" => PluginPowers.None,
                _ when name.StartsWith("System.Net.", StringComparison.Ordinal) => PluginPowers.Network,
                _ when s_files.Contains(name) => PluginPowers.Files,
                _ => PluginPowers.None,
            };
            if (power != PluginPowers.None)
            {
                found.TryAdd(power, $"{file} uses {name}");
            }
        }

        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                string name = $"{NameOf(reader, (TypeReferenceHandle)member.Parent)}.{reader.GetString(member.Name)}";
                if (s_made.Contains(name))
                {
                    found.TryAdd(PluginPowers.Threads, $"{file} uses {name}");
                }
            }
        }
    }

    private static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        TypeReference type = reader.GetTypeReference(handle);
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }
}
