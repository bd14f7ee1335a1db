using System.Reflection;
using Mortise.Host.Configuration;
using Mortise.Plugins;

namespace Mortise.Host.Loading;

/// <summary>Finds and makes the one entry point of a plugin's assembly.</summary>
internal static class PluginEntry
{
    /// <summary>Makes the entry point.</summary>
    /// <param name="assembly">The assembly; its types are looked at, which finds most differences of contracts.</param>
    /// <param name="fail">Makes a problem of a code and a fact.</param>
    /// <exception cref="PluginLoadException">There is not exactly one entry point that can be made.</exception>
    public static IPlugin Create(Assembly assembly, Func<ProblemCode, string, Problem> fail)
    {
        Type[] types;
        try
        {
            types = assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            IEnumerable<Problem> reasons = e.LoaderExceptions
                .Select(static l => l?.Message ?? "")
                .Distinct(StringComparer.Ordinal)
                .Select(r => fail(ProblemCode.Incompatible, $"was built for another contract: {r}"));
            throw new PluginLoadException([.. reasons], e);
        }

        Type[] entries = [.. types.Where(static t => t is { IsClass: true, IsAbstract: false, IsPublic: true }
            && typeof(IPlugin).IsAssignableFrom(t))];
        if (entries.Length != 1)
        {
            string found = entries.Length == 0 ? "none" : string.Join(", ", entries.Select(static t => t.FullName));
            throw new PluginLoadException([fail(
                ProblemCode.LoadFailed, $"must have exactly one public class that implements IPlugin; found {found}")]);
        }

        return entries[0].GetConstructor(Type.EmptyTypes) is { } constructor
            ? (IPlugin)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, null, null)
            : throw new PluginLoadException([fail(
                ProblemCode.LoadFailed, $"{entries[0].FullName} has no public constructor without parameters")]);
    }
}
