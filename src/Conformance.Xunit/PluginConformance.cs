using Mortise.Plugins;
using Xunit;

namespace Mortise.Conformance.Xunit;

/// <summary>One test for each law of each component of a plugin.</summary>
/// <remarks>
/// <para>All that a plugin's test project needs: <c>public sealed class LawTests :
/// PluginConformance&lt;MyPlugin&gt;;</c> No law can be left out by forgetting it: the tests are taken from what the
/// plugin registers and from the laws of those contracts.</para>
/// <para>The seed is in the environment variable MORTISE_SEED, the tier in MORTISE_TIER (<c>smoke</c>, the default,
/// <c>standard</c> or <c>soak</c>). A law that does not concern a component is reported as skipped, with the
/// reason.</para>
/// </remarks>
/// <typeparam name="TPlugin">The plugin's entry point.</typeparam>
public abstract class PluginConformance<TPlugin>
    where TPlugin : IPlugin, new()
{
    /// <summary>Every component's id with the id of every law of its contract.</summary>
    public static IEnumerable<object[]> ComponentsAndLaws()
    {
        foreach (SubjectLaws subject in Register(null).Subjects)
        {
            foreach (Law law in subject.Laws)
            {
                yield return [subject.Name, law.Id];
            }
        }
    }

    /// <summary>Checks one law on one component.</summary>
    /// <param name="component">The component's id.</param>
    /// <param name="law">The law's id.</param>
    [SkippableTheory]
    [MemberData(nameof(ComponentsAndLaws))]
    public void Obeys(string component, string law)
    {
        SubjectCatalog catalog = Register(Configure);
        GoldenFolder.AddTo(catalog, GoldenFiles);
        Prepare(catalog);
        LawResult result = catalog.Subjects.First(subject => subject.Name == component).Check(law, Settings);
        result.ThrowIfBroken();
        Skip.If(result.Verdict == LawVerdict.NotApplicable, $"{law} does not apply: {result.Detail}");
    }

    /// <summary>A plugin that registers nothing has no laws to obey, and would look as if it obeyed them all.</summary>
    [Fact]
    public void Registers_a_component()
    {
        if (Register(null).Subjects.Count == 0)
        {
            throw new LawBrokenException($"{typeof(TPlugin).Name} registers no component");
        }
    }

    /// <summary>How the laws are checked.</summary>
    protected virtual LawSettings Settings { get; } = new();

    /// <summary>The folder of what earlier versions left, see <see cref="GoldenFolder"/>; by default
    /// <c>golden</c> beside the tests.</summary>
    protected virtual string GoldenFiles => Path.Combine(AppContext.BaseDirectory, GoldenFolder.Name);

    /// <summary>Sets options of a component so that files become small: rotation, splits and merges should happen
    /// within some hundred operations. By default <see cref="SmallOptions"/> does it for options of well-known
    /// names.</summary>
    /// <param name="component">The component's id.</param>
    /// <param name="options">Its options, as the plugin makes them by default.</param>
    protected virtual void Configure(string component, object options) => SmallOptions.ApplyTo(options);

    /// <summary>Adds what a plugin's registration cannot say: references, golden vectors, other options.</summary>
    /// <param name="catalog">The plugin's components.</param>
    protected virtual void Prepare(SubjectCatalog catalog)
    {
    }

    private static SubjectCatalog Register(Action<string, object>? configure)
    {
        SubjectCatalog catalog = new(configure);
        new TPlugin().Register(catalog);
        return catalog;
    }
}
