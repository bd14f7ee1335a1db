using System.Reflection;
using System.Runtime.CompilerServices;
using Mortise.Host.Installing;

namespace Mortise.Host.Loading;

/// <summary>A plugin that is being unloaded. Whether it is gone is found out, never believed.</summary>
/// <remarks>
/// <para><c>AssemblyLoadContext.Unload</c> only asks: the code stays as long as anything refers to it, and nobody is
/// told. The proof is that weak references to the context and to its assembly, which also see objects that are being
/// finalized, are dead after collections.</para>
/// <para>The private copy stays leased until the proof: the code may still be mapped.</para>
/// </remarks>
public sealed class PluginUnload
{
    private readonly WeakReference _context;
    private readonly WeakReference _assembly;
    private PrivateCopy? _copy;

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal PluginUnload(PluginOrigin plugin, PluginLoadContext context, Assembly assembly, PrivateCopy? copy)
    {
        Plugin = plugin;
        _context = new WeakReference(context, trackResurrection: true);
        _assembly = new WeakReference(assembly, trackResurrection: true);
        _copy = copy;
    }

    /// <summary>Who it was.</summary>
    public PluginOrigin Plugin { get; }

    /// <summary>True when nothing of it is left in the process.</summary>
    public bool IsGone => !_context.IsAlive && !_assembly.IsAlive;

    /// <summary>How many collections the proof has taken so far.</summary>
    public int Collections { get; private set; }

    /// <summary>Collects until the plugin is gone or enough was tried.</summary>
    /// <param name="maxCollections">The most collections; a clean plugin needs 2 to 4.</param>
    /// <returns>True when it is gone, which is proven then.</returns>
    public bool Prove(int maxCollections = 20)
    {
        for (int i = 0; i < maxCollections && !IsGone; i++)
        {
            Collections++;
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        if (IsGone)
        {
            _copy?.Dispose();
            _copy = null;
        }

        return IsGone;
    }

    /// <summary>Looks for what still holds it. For diagnosis: takes seconds.</summary>
    /// <param name="roots">Objects of the program that may hold it, with names for people; static variables are looked
    /// at anyway.</param>
    /// <returns>A path to the plugin with advice; null when it is gone.</returns>
    public string? Explain(params IEnumerable<(string Name, object? Root)> roots) => PinSearch.Explain(this, roots);

    /// <summary>For people: what was found out.</summary>
    public override string ToString() => IsGone
        ? $"{Plugin}: unload proven after {Collections} collections"
        : $"{Plugin}: still in the process after {Collections} collections";

    /// <summary>What still lives; null when it is gone. For those who look for the culprit.</summary>
    internal object? Survivor() => _assembly.Target ?? _context.Target;
}
