using System.Reflection;
using System.Runtime.Loader;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Loading;

public sealed class PluginLoaderTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly PluginLoader _loader = new(new PluginLoaderOptions { Log = NullLog.Instance });

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Discovery_runs_and_loads_nothing_of_a_plugin()
    {
        var loaded = new List<string>();
        void Note(object? sender, AssemblyLoadEventArgs e) => loaded.Add(e.LoadedAssembly.GetName().Name ?? "");
        AppDomain.CurrentDomain.AssemblyLoad += Note;
        try
        {
            PluginCatalog catalog = PluginCatalog.Scan([Repository.Plugins, Repository.TestPlugins]);
            Assert.Contains(catalog.Plugins, static p => p.Manifest.Id == "mortise.partitioning");
            Assert.Empty(catalog.Problems);
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyLoad -= Note;
        }

        Assert.DoesNotContain(loaded, static name => name.StartsWith("Mortise.Partitioning", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_bundled_plugin_that_has_components_loads_and_registers_what_it_declares()
    {
        InstalledPlugin[] plugins = [.. PluginCatalog.Scan([Repository.Plugins]).Plugins.Where(static p => p.Manifest.Components.Count > 0)];
        Assert.NotEmpty(plugins);
        foreach (InstalledPlugin plugin in plugins)
        {
            LoadedPlugin loaded = _loader.Load(plugin);
            Assert.Equal(
                plugin.Manifest.Components.Select(static c => c.Id).Order(),
                loaded.Components.Select(static c => c.Descriptor.Id).Order());
            Assert.NotSame(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(loaded.Assembly));
            Assert.Contains(loaded.Resolutions, static r => r is { Name: "Mortise.Abstractions", Rule: "contract" });
            Assert.Equal(64, loaded.Origin.Sha256.Length);
            Assert.Same(loaded, _loader.Load(plugin));
        }

        Assert.Equal(plugins.Length, _loader.Loaded.Count);
    }

    [Fact]
    public void Two_versions_of_one_plugin_live_side_by_side_with_private_dependencies()
    {
        InstalledPlugin[] versions = [.. PluginCatalog.Scan([Repository.TestPlugins]).WithComponent("mortise.reference.memory-index")];
        Assert.Equal(["1.0.0", "2.0.0"], versions.Select(static v => v.Manifest.Version.ToNormalizedString()));
        LoadedPlugin[] loaded = [.. versions.Select(v => _loader.Load(v))];
        Assert.NotSame(loaded[0].Assembly, loaded[1].Assembly);
        Assert.Equal(loaded[0].Assembly.GetName().Name, loaded[1].Assembly.GetName().Name);
        Assert.NotSame(loaded[0].Components[0].OptionsType, loaded[1].Components[0].OptionsType);
        Assert.Equal("2.0.0", loaded[1].Components[0].Identity.PluginVersion);
        Assert.NotEqual(loaded[0].Origin.Sha256, loaded[1].Origin.Sha256);
    }

    [Fact]
    public void A_plugin_of_another_contract_is_refused_before_any_code_runs()
    {
        EmittedPlugin plugin = new EmittedPlugin("Acme.OfAnotherContract").WithEntry("Entry", EmittedPlugin.Throw);
        plugin.Manifest = plugin.Manifest.Replace("\"^1.0\"", "\"^2.0\"", StringComparison.Ordinal);
        plugin.WriteTo(_root);
        Problem problem = Assert.Single(Refused());
        Assert.Equal(ProblemCode.Incompatible, problem.Code);
        Assert.Contains("works with contract ^2.0; this host has 1.", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), static a => a.GetName().Name == "Acme.OfAnotherContract");
    }

    [Fact]
    public void A_contract_assembly_in_the_folder_is_refused_with_what_to_change()
    {
        string folder = new EmittedPlugin().WithEntry("Entry").WriteTo(_root);
        File.Copy(ContractVersion.Assembly.Location, Path.Combine(folder, "Mortise.Abstractions.dll"));
        Assert.Contains("Private=\"false\" ExcludeAssets=\"runtime\"", Assert.Single(Refused()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_without_its_assembly_or_deps_json_is_refused()
    {
        string folder = new EmittedPlugin().WithEntry("Entry").WriteTo(_root);
        File.Delete(Path.Combine(folder, "Acme.Sample.deps.json"));
        Assert.Contains("has no Acme.Sample.deps.json", Assert.Single(Refused()).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, "Acme.Sample.dll"));
        Assert.Contains("names Acme.Sample.dll, which is not in its folder", Assert.Single(Refused()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_needs_exactly_one_public_entry()
    {
        new EmittedPlugin()
            .WithEntry("Hidden", extra: TypeAttributes.NotPublic)
            .WithEntry("Base", extra: TypeAttributes.Public | TypeAttributes.Abstract)
            .WriteTo(_root, "None");
        Assert.EndsWith("implements IPlugin; found none", Assert.Single(Refused()).Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(_root.Path, "None"), recursive: true);
        new EmittedPlugin().WithEntry("One").WithEntry("Two").WriteTo(_root, "Several");
        Assert.EndsWith("implements IPlugin; found One, Two", Assert.Single(Refused()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_that_throws_while_registering_is_a_problem_with_its_name()
    {
        new EmittedPlugin().WithEntry("Entry", EmittedPlugin.Throw).WriteTo(_root);
        Assert.EndsWith(
            "acme.sample 1.0.0 failed to register: InvalidOperationException: not today",
            Assert.Single(Refused()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_assembly_are_a_problem()
    {
        string folder = new EmittedPlugin().WithEntry("Entry").WriteTo(_root);
        File.WriteAllText(Path.Combine(folder, "Acme.Sample.dll"), "not an assembly");
        Assert.Equal(ProblemCode.LoadFailed, Assert.Single(Refused()).Code);
    }

    [Fact]
    public void What_a_manifest_declares_and_what_is_registered_must_agree()
    {
        EmittedPlugin plugin = new EmittedPlugin().WithEntry("Entry");
        plugin.Manifest = plugin.Manifest.Replace(
            "[]", """[{ "id": "acme.trie", "kind": "index" }]""", StringComparison.Ordinal);
        plugin.WriteTo(_root);
        Assert.EndsWith(
            "declares component 'acme.trie' and does not register it", Assert.Single(Refused()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_whose_name_is_not_the_version_is_a_problem_and_hides_nothing_else()
    {
        EmittedPlugin wrong = new EmittedPlugin().WithEntry("Entry");
        wrong.Manifest = wrong.Manifest.Replace("\"1.0.0\"", "\"1.0.1\"", StringComparison.Ordinal);
        wrong.WriteTo(_root, "Wrong");
        new EmittedPlugin().WithEntry("Entry").WriteTo(_root, "Right");
        _root.Write("Broken/1.0.0/plugin.json", "{");
        PluginCatalog catalog = PluginCatalog.Scan([_root.Path, Path.Combine(_root.Path, "absent")]);
        Assert.Single(catalog.Plugins);
        Assert.Equal(
            [ProblemCode.FolderMismatch, ProblemCode.Syntax, ProblemCode.Unreadable],
            catalog.Problems.Select(static p => p.Code).Order(Comparer<ProblemCode>.Create(
                static (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))));
    }

    private IReadOnlyList<Problem> Refused() => Assert.Throws<PluginLoadException>(
        () => _loader.Load(Assert.Single(PluginCatalog.Scan([_root.Path]).Plugins))).Problems;
}
