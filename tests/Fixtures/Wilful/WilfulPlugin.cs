using System.Runtime.CompilerServices;
using Mortise.Plugins;
using Mortise.Reference;

namespace Mortise.Fixtures.Wilful;

/// <summary>An index in memory, a cache policy and a scheme that misbehave as <c>behaviour.txt</c> beside its assembly says; well, without one. So one
/// build is as many versions of a plugin as a test needs.</summary>
public sealed class WilfulPlugin : IPlugin
{
    /// <summary>Throws when that is the behaviour.</summary>
    public WilfulPlugin() => Fail("constructor");

    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        Fail("register");
        if (Is("options"))
        {
            registrar.AddIndexFamily<StricterOptions>(s_descriptor, static (context, _, stop) => WilfulIndex.OpenAsync(context, new MemoryIndexOptions(), stop));
        }
        else
        {
            registrar.AddIndexFamily<MemoryIndexOptions>(s_descriptor, WilfulIndex.OpenAsync);
        }

        registrar.AddCachePolicy<NoOptions>(
            new ComponentDescriptor { Id = "mortise.wilful.cache", Summary = "First in, first out, if it likes." },
            static (_, capacity, _) => WilfulPolicy.Create(capacity));
        registrar.AddPartitionScheme<SinglePartitionOptions>(
            new ComponentDescriptor { Id = "mortise.wilful.scheme", Summary = "One partition, of a name that it likes." },
            Scheme);
    }

    internal static string Behaviour { get; } = Read();

    internal static bool Is(string behaviour) => string.Equals(Behaviour, behaviour, StringComparison.Ordinal);

    // A fault names the method that threw, which has to be this one in an optimized build too.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Fail(string where)
    {
        if (Is(where))
        {
            throw new FormatException($"fails in {where}");
        }
    }

    private static SinglePartition Scheme(SinglePartitionOptions options)
    {
        Fail("scheme");
        return new SinglePartition(Is("scheme-differs") ? options.Name + "2" : options.Name);
    }

    private static readonly ComponentDescriptor s_descriptor = new()
    {
        Id = "mortise.wilful.index",
        Summary = "An index in memory with a will of its own.",
    };

    private static string Read()
    {
        string path = Path.Combine(Path.GetDirectoryName(typeof(WilfulPlugin).Assembly.Location)!, "behaviour.txt");
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
    }
}

/// <summary>Options that accept nothing.</summary>
public sealed class StricterOptions : IValidatedOptions
{
    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        yield return new OptionProblem("maxValue", "is never right");
    }
}
