using System.Reflection;
using Mortise.Components;
using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>Who wrote it: the plugin id, and the version of the assembly that this file was compiled into.</summary>
internal static class ReferenceIdentity
{
    public const string PluginId = "mortise.reference";

    public static string PluginVersion { get; } = VersionOf(typeof(ReferenceIdentity).Assembly);

    public static ComponentIdentity Of(ComponentDescriptor descriptor) => new()
    {
        PluginId = PluginId,
        PluginVersion = PluginVersion,
        ComponentId = descriptor.Id,
        FormatName = descriptor.FormatName,
        FormatVersion = descriptor.FormatVersion,
        OldestReadableFormatVersion = descriptor.OldestReadableFormatVersion,
    };

    private static string VersionOf(Assembly assembly)
    {
        string text = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        int build = text.IndexOf('+', StringComparison.Ordinal);
        return build < 0 ? text : text[..build];
    }
}
