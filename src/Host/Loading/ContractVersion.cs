using System.Reflection;
using Mortise.Plugins;
using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>The contract that this host offers to plugins.</summary>
public static class ContractVersion
{
    /// <summary>The assembly that host and plugins share; bound by this name, whatever version a plugin was built
    /// with.</summary>
    public static Assembly Assembly { get; } = typeof(IPlugin).Assembly;

    /// <summary>The simple name of <see cref="Assembly"/>.</summary>
    public static string AssemblyName { get; } = Assembly.GetName().Name!;

    /// <summary>Its version. The assembly version is frozen for a major; the minor is in the informational
    /// version.</summary>
    public static NuGetVersion Current { get; } = NuGetVersion.Parse(
        Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
}
