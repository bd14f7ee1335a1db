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

    /// <summary>Why a host cannot load plugins at all; null when it can.</summary>
    /// <param name="contractLocation">Where its contract assembly is.</param>
    internal static string? Objection(string contractLocation) => contractLocation.Length > 0
        ? null
        : "cannot be loaded: this program is published as a single file, in which assemblies have no place of their "
            + "own to be compared and shared from; publish it without PublishSingleFile, or register plugins from code";
}
