namespace Mortise.Plugins;

/// <summary>The entry point of a plugin assembly: exactly one public, non-abstract class with a public constructor
/// without parameters.</summary>
/// <remarks><see cref="Register"/> is pure: no I/O, no threads, no static state. It says what there is; opening comes
/// later, and only for what a stack names.</remarks>
public interface IPlugin
{
    /// <summary>Names the components of the plugin.</summary>
    void Register(IPluginRegistrar registrar);
}
