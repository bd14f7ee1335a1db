using System.Runtime.InteropServices;

namespace Mortise.Cli.Tests;

/// <summary>A test with LMDB; skipped, and says so, where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LmdbFactAttribute : FactAttribute
{
    public LmdbFactAttribute()
    {
        string[] names = ["liblmdb.so.0", "liblmdb.so", "liblmdb.dylib"];
        if (!Array.Exists(names, static name => NativeLibrary.TryLoad(name, out _)))
        {
            Skip = "LMDB is not on this machine (Debian: liblmdb0)";
        }
    }
}
