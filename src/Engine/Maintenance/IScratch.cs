using Mortise.Files;

namespace Mortise.Engine;

/// <summary>Copies of directories for components over other engines, which open files by path: what they change there
/// changes no store.</summary>
/// <remarks>Disposing deletes the copies; everything that uses them must be closed before.</remarks>
public interface IScratch : IDisposable
{
    /// <summary>Copies a directory's files.</summary>
    /// <param name="directory">A directory of the operating system's.</param>
    /// <returns>The full path of the copy.</returns>
    /// <exception cref="StorageException">The files cannot be read, or there is no room for the copy.</exception>
    string CopyOf(INativeDirectory directory);
}
