using System.Diagnostics;
using System.Reflection;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>Finds the plugin whose code threw, from where an exception was thrown; calls pay nothing for it.</summary>
/// <remarks>The nearest frame to the throw that is a plugin's or the host's own decides. Frames of the runtime and of
/// a plugin's private dependencies count for whoever called them. What a contract lets a plugin throw while a store
/// runs (<see cref="StorageException"/>, cancellation, disposal) is no fault.</remarks>
internal static class PluginBlame
{
    private const string Ours = "Mortise.";

    private static readonly string[] s_copied = ["Mortise.Abstractions", "Mortise.Primitives"];

    /// <summary>Names the plugin.</summary>
    /// <param name="failure">What was thrown; causes inside it are looked at too, the innermost first.</param>
    /// <param name="loaded">The plugins in the process.</param>
    /// <returns>A fault that names plugin and operation; null when no plugin is to blame.</returns>
    public static StorageException? Of(Exception failure, IReadOnlyList<LoadedPlugin> loaded)
    {
        if (failure is StorageException or OperationCanceledException or ObjectDisposedException or OutOfMemoryException)
        {
            return null;
        }

        foreach (Exception cause in Causes(failure))
        {
            foreach (StackFrame frame in new StackTrace(cause, fNeedFileInfo: false).GetFrames())
            {
                if (frame.GetMethod() is not { } method)
                {
                    continue;
                }

                Assembly assembly = method.Module.Assembly;
                if (loaded.FirstOrDefault(p => p.Holds(assembly)) is { } plugin)
                {
                    return new StorageException(
                        StorageErrorCode.PluginFault,
                        $"plugin {plugin.Origin} failed in {Describe(method)}: {cause.GetType().Name}: {cause.Message}",
                        advice: cause is ArgumentException
                            ? "the plugin refuses an argument: a defect in it, or in who called it"
                            : "this is a defect in the plugin",
                        inner: failure);
                }

                string name = assembly.GetName().Name ?? "";
                if (name.StartsWith(Ours, StringComparison.Ordinal) && !s_copied.Contains(name))
                {
                    // Thrown by the host's own code that a plugin called, or that called no plugin.
                    break;
                }
            }
        }

        return null;
    }

    private static IEnumerable<Exception> Causes(Exception failure)
    {
        IEnumerable<Exception> inner = failure is AggregateException many
            ? many.InnerExceptions
            : failure.InnerException is { } one ? [one] : [];
        return [.. inner.SelectMany(Causes), failure];
    }

    /// <summary>The method as its author wrote it: an asynchronous one runs as
    /// <c>&lt;Name&gt;d__1.MoveNext</c>.</summary>
    public static string Describe(MethodBase method)
    {
        Type? type = method.DeclaringType;
        string name = method.Name;
        if (type is { DeclaringType: { } outer } && type.Name.StartsWith('<') && type.Name.IndexOf('>', 1) is > 1 and var end)
        {
            name = type.Name[1..end];
            type = outer;
        }

        return $"{type?.Name}.{name}";
    }
}
