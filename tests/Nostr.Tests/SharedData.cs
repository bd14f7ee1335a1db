using System.IO.Compression;
using System.Reflection;

namespace Mortise.Nostr.Tests;

/// <summary>Real events, where the machine has them; they are not part of the repository.</summary>
internal static class SharedData
{
    internal const string Events = "nostr-events.jsonl.gz";
    internal const string Negatives = "nostr-events-negative.jsonl.gz";

    internal static string RepositoryRoot { get; } =
        typeof(SharedData).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!;

    internal static string Folder { get; } =
        Environment.GetEnvironmentVariable("MORTISE_SHARED_DATA")
        ?? Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "data"));

    internal static bool Has(string file) => File.Exists(Path.Combine(Folder, file));

    /// <summary>The lines of a gzipped file, as bytes without line ends.</summary>
    internal static IEnumerable<byte[]> Lines(string file)
    {
        using var stream = new GZipStream(File.OpenRead(Path.Combine(Folder, file)), CompressionMode.Decompress);
        var all = new MemoryStream();
        stream.CopyTo(all);
        byte[] bytes = all.ToArray();
        int start = 0;
        while (start < bytes.Length)
        {
            int end = Array.IndexOf(bytes, (byte)'\n', start);
            end = end < 0 ? bytes.Length : end;
            yield return bytes[start..end];
            start = end + 1;
        }
    }
}

/// <summary>A test that needs the real events; skipped, and said to be, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute()
    {
        if (!SharedData.Has(SharedData.Events) || !SharedData.Has(SharedData.Negatives))
        {
            Skip = "the real events are not on this machine: "
                + $"put them into {SharedData.Folder}, or set MORTISE_SHARED_DATA";
        }
    }
}

/// <summary>A test that needs libsecp256k1; skipped, and said to be, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NativeSchnorrFactAttribute : FactAttribute
{
    public NativeSchnorrFactAttribute()
    {
        if (Schnorr.Native is null)
        {
            Skip = "libsecp256k1 is not installed: only the managed implementation was tested";
        }
    }
}
