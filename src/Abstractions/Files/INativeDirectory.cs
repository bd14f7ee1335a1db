namespace Mortise.Files;

/// <summary>A directory that is one of the operating system's file system.</summary>
/// <remarks>
/// <para>Role: a capability of some <see cref="IStorageDirectory"/>, for components that keep another engine, which
/// opens files itself. A simulated disk does not have it, so such a component cannot be put through simulated power
/// cuts, and must refuse a directory without it with <see cref="StorageErrorCode.Unsupported"/>.</para>
/// <para>What is opened through the path is the component's own affair: to close, to sync, and to account for.</para>
/// </remarks>
public interface INativeDirectory
{
    /// <summary>The directory's full path.</summary>
    string FullPath { get; }
}
