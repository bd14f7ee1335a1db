using System.Reflection;
using System.Runtime.Loader;

namespace Mortise.Host.Loading;

/// <summary>Looks for what keeps a plugin in the process after it should have been unloaded.</summary>
/// <remarks>
/// <para>Walks fields from static variables of the framework and of the host, from the current execution context, and
/// from roots that the caller names, breadth first, until it meets an object, a type or a delegate of the plugin. It
/// finds caches, events, timers and services. What only a stack, a GC handle or another thread holds is not reachable
/// by fields; then the answer says so.</para>
/// <para>For diagnosis: takes seconds, runs type initializers that have not run yet, and reads other threads' objects
/// without their locks.</para>
/// </remarks>
internal static class PinSearch
{
    private const int MaxObjects = 4_000_000;

    // The rest of the process goes on meanwhile: a timer that fires leaves its list, and takes the way to those behind
    // it along. What is really held is there the next time.
    private const int Walks = 3;
    private const int MaxPath = 12;

    private static readonly (string Trace, string Advice)[] s_known =
    [
        ("JsonSerializer", "reflection-based JSON keeps types it has seen; use a source-generated context"),
        ("ValidationAttributeStore", "DataAnnotations keeps types it has validated; use IValidatedOptions"),
        ("TypeDescriptor", "TypeDescriptor, which DataAnnotations uses, keeps types it has described; do without it"),
        ("ReflectTypeDescriptionProvider", "TypeDescriptor, which DataAnnotations uses, keeps types; do without it"),
        ("TimerQueue", "a timer still runs; dispose it when the component is disposed"),
        ("ProcessExit", "an event of the process is still subscribed; unsubscribe when the component is disposed"),
        ("UnhandledException", "an event of the process is still subscribed; unsubscribe when disposed"),
        ("CancellationTokenSource", "a callback is still registered with a token; dispose the registration"),
        ("ServiceProvider", "a service provider that outlives the plugin has one of its services; dispose its scope"),
        ("execution context", "an AsyncLocal still has a value of the plugin; set it to null when done"),
    ];

    /// <summary>Finds one reason.</summary>
    /// <param name="unload">A plugin that did not go.</param>
    /// <param name="roots">Objects of the host that may hold it, with names for people.</param>
    /// <returns>The path from a root to the plugin with advice; or what kinds of roots are left when there is no path;
    /// null when the plugin is gone.</returns>
    public static string? Explain(PluginUnload unload, params IEnumerable<(string Name, object? Root)> roots)
    {
        if (unload.Survivor() is not { } survivor)
        {
            return null;
        }

        AssemblyLoadContext? context = survivor is Assembly assembly
            ? AssemblyLoadContext.GetLoadContext(assembly)
            : survivor as AssemblyLoadContext;
        if (context is null)
        {
            return null;
        }

        string? path = null;
        for (int walk = 0; walk < Walks && path is null; walk++)
        {
            path = Find(context, roots);
        }

        if (path is null)
        {
            return $"{unload.Plugin} is held by no static variable: look for a thread of its own that still runs, a "
                + "GCHandle, or an object on the stack of a caller";
        }

        foreach ((string trace, string advice) in s_known)
        {
            if (path.Contains(trace, StringComparison.Ordinal))
            {
                return $"{unload.Plugin} is held by {path}: {advice}";
            }
        }

        return $"{unload.Plugin} is held by {path}";
    }

    private static string? Find(AssemblyLoadContext context, IEnumerable<(string Name, object? Root)> roots)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance) { context };
        var queue = new Queue<Step>();
        foreach ((string name, object? root) in roots)
        {
            Enqueue(null, name, root, seen, queue);
        }

        Enqueue(null, "the execution context", ExecutionContext.Capture(), seen, queue);
        foreach (FieldInfo field in Statics(context))
        {
            Enqueue(null, $"{field.DeclaringType?.FullName}.{field.Name}", ValueOf(field, null), seen, queue);
        }

        while (queue.TryDequeue(out Step? step))
        {
            if (IsOf(step.Value, context))
            {
                return step.Path();
            }

            // The host's own notes of assemblies lead everywhere and keep nothing.
            if (step.Value is AssemblyLoadContext or Assembly or Module || seen.Count > MaxObjects)
            {
                continue;
            }

            foreach ((string name, object? value) in Children(step.Value))
            {
                Enqueue(step, name, value, seen, queue);
            }
        }

        return null;
    }

    private static void Enqueue(Step? from, string name, object? value, HashSet<object> seen, Queue<Step> queue)
    {
        if (value is not null and not string and not Pointer and not WeakReference && seen.Add(value))
        {
            queue.Enqueue(new Step(from, name, value));
        }
    }

    private static IEnumerable<(string Name, object? Value)> Children(object value)
    {
        if (value is Array array)
        {
            if (array.GetType().GetElementType() is { IsPrimitive: false, IsPointer: false })
            {
                foreach (object? item in array)
                {
                    yield return ("[]", item);
                }
            }

            yield break;
        }

        if (value is Delegate { } call)
        {
            // The target alone would hide a static method of the plugin.
            yield return ("the method", call.Method);
        }

        for (Type? type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (Leads(field.FieldType))
                {
                    yield return (field.Name, ValueOf(field, value));
                }
            }
        }
    }

    private static bool Leads(Type type) =>
        !type.IsPrimitive && !type.IsPointer && !type.IsByRefLike && !type.IsEnum && !type.IsFunctionPointer
        && type != typeof(string) && type != typeof(decimal);

    private static object? ValueOf(FieldInfo field, object? of)
    {
        try
        {
            return field.GetValue(of);
        }
#pragma warning disable CA1031 // A type initializer may throw anything; that variable holds nothing then.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    private static IEnumerable<FieldInfo> Statics(AssemblyLoadContext context)
    {
        foreach (Assembly assembly in AssemblyLoadContext.Default.Assemblies)
        {
            if (assembly.IsDynamic || AssemblyLoadContext.GetLoadContext(assembly) == context)
            {
                continue;
            }

            foreach (Type type in TypesOf(assembly))
            {
                if (type.ContainsGenericParameters)
                {
                    continue;
                }

                foreach (FieldInfo field in type.GetFields(
                    BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    if (!field.IsLiteral && Leads(field.FieldType))
                    {
                        yield return field;
                    }
                }
            }
        }
    }

    private static Type[] TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return [.. e.Types.OfType<Type>()];
        }
    }

    private static bool IsOf(object value, AssemblyLoadContext context) => value switch
    {
        Type type => IsOf(type, context),
        MemberInfo member => member.DeclaringType is { } declaring && IsOf(declaring, context),
        Assembly assembly => AssemblyLoadContext.GetLoadContext(assembly) == context,
        _ => IsOf(value.GetType(), context),
    };

    private static bool IsOf(Type type, AssemblyLoadContext context) => type.IsCollectible
        && (AssemblyLoadContext.GetLoadContext(type.Assembly) == context
            || (type.HasElementType && IsOf(type.GetElementType()!, context))
            || (type.IsGenericType && Array.Exists(type.GetGenericArguments(), a => IsOf(a, context))));

    private sealed class Step(Step? from, string name, object value)
    {
        public object Value => value;

        public string Path()
        {
            var names = new List<string>();
            for (Step? at = this; at is not null; at = at.From)
            {
                names.Add(at.Name);
            }

            names.Reverse();
            IEnumerable<string> shown = names.Count <= MaxPath
                ? names
                : [.. names.Take(MaxPath / 2), "...", .. names.Skip(names.Count - (MaxPath / 2))];
            object last = value is Type or MemberInfo ? value : value.GetType();
            return $"{string.Join(" > ", shown)} ({last})";
        }

        private Step? From => from;

        private string Name => name;
    }
}
