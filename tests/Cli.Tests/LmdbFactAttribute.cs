using System.Runtime.InteropServices;

namespace Mortise.Cli.Tests;

/// <summary>A test with LMDB; skipped, and says so, where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LmdbFactAttribute : FactAttribute
{
    /// <param name="isTraced">True when the test watches its calls of the system as well.</param>
    public LmdbFactAttribute(bool isTraced = false)
    {
        Skip = isTraced ? StraceFactAttribute.WhyNot() : null;
        string[] names = ["liblmdb.so.0", "liblmdb.so", "liblmdb.dylib"];
        if (!Array.Exists(names, static name => NativeLibrary.TryLoad(name, out _)))
        {
            Skip = "LMDB is not on this machine (Debian: liblmdb0)";
        }
    }
}
