using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Resources;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Loading;

/// <summary>H1, H9, H10 and the loader's edge cases E7 to E9, E13 to E15 and E25.</summary>
public sealed class LoaderEdgeTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    /// <summary>E8.</summary>
    [Fact]
    public void Resources_of_a_language_come_from_its_folder_and_an_absent_language_is_no_error()
    {
        var plugin = new EmittedPlugin("Acme.Spoken")
        {
            Assets = """, "resources": { "de/Acme.Spoken.resources.dll": { "locale": "de" } }""",
        };
        string folder = plugin.WithEntry("Entry").WriteTo(_root);
        var german = new PersistedAssemblyBuilder(
            new AssemblyName("Acme.Spoken.resources") { Version = new Version(1, 0, 0, 0), CultureName = "de" },
            typeof(object).Assembly);
        german.DefineDynamicModule("Acme.Spoken.resources");
        string file = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "de")).FullName, "Acme.Spoken.resources.dll");
        german.Save(file);

        var context = new PluginLoadContext("acme.spoken 1.0.0", Path.Combine(folder, "Acme.Spoken.dll"), isCollectible: false);
        Assembly main = context.LoadFromAssemblyPath(Path.Combine(folder, "Acme.Spoken.dll"));
        Assembly found = main.GetSatelliteAssembly(CultureInfo.GetCultureInfo("de"));
        Assert.Equal((file, "de"), (found.Location, found.GetName().CultureName));
        Assert.Equal("private", Assert.Single(context.Resolutions).Rule);

        // What a resource manager does about it is to ask for the next language.
        Assert.Throws<FileNotFoundException>(() => main.GetSatelliteAssembly(CultureInfo.GetCultureInfo("fr")));
        Assert.Null(new ResourceManager("Acme.Spoken.Words", main)
            .GetResourceSet(CultureInfo.GetCultureInfo("fr"), createIfNotExists: true, tryParents: false));
    }

    [Fact]
    public void Two_hundred_plugins_are_listed_and_no_assembly_is_loaded()
    {
        EmittedPlugin plugin = new EmittedPlugin("Acme.Listed").WithEntry("Entry", EmittedPlugin.Throw);
        string one = plugin.WriteTo(_root, "Listed-0");
        string manifest = plugin.Manifest;
        for (int i = 1; i < 200; i++)
        {
            string folder = Directory.CreateDirectory(Path.Combine(_root.Path, $"Listed-{i}", "1.0.0")).FullName;
            File.Copy(Path.Combine(one, "Acme.Listed.dll"), Path.Combine(folder, "Acme.Listed.dll"));
            File.WriteAllText(
                Path.Combine(folder, PluginManifest.FileName),
                manifest.Replace("acme.sample", $"acme.listed-{i}", StringComparison.Ordinal));
        }

        int loaded = 0;
        void Note(object? sender, AssemblyLoadEventArgs e) =>
            _ = e.LoadedAssembly.GetName().Name == "Acme.Listed" ? Interlocked.Increment(ref loaded) : 0;
        AppDomain.CurrentDomain.AssemblyLoad += Note;
        try
        {
            Assert.Equal(200, PluginCatalog.Scan([_root.Path]).Plugins.Count);
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyLoad -= Note;
        }

        Assert.Equal(0, loaded);
    }

    [Fact]
    public void Two_plugins_each_have_their_own_version_of_a_library()
    {
        Assembly[] libraries = [.. Enumerable.Range(1, 2).Select(version =>
        {
            EmittedPlugin plugin = new EmittedPlugin($"Acme.User{version}").WithEntry("Entry");
            plugin.Manifest = plugin.Manifest.Replace("acme.sample", $"acme.user{version}", StringComparison.Ordinal);
            plugin.Library = "Acme.Shelf";
            WriteLibrary(plugin.WriteTo(_root, $"User{version}"), version);
            return ContextOf($"acme.user{version}").LoadFromAssemblyName(new AssemblyName("Acme.Shelf"));
        })];
        Assert.Equal([1, 2], libraries.Select(static l => l.GetName().Version!.Major));

        // Statics are not shared either.
        FieldInfo[] counts = [.. libraries.Select(static l => l.GetType("Shelf")!.GetField("Count")!)];
        counts[0].SetValue(null, 7);
        Assert.Equal(0, counts[1].GetValue(null));
    }

    [Theory]
    [InlineData("runtimes/{rid}/native/")]
    [InlineData("")]
    public void Two_plugins_each_have_their_own_native_library_in_every_layout(string folder)
    {
        string rid = RuntimeInformation.RuntimeIdentifier;
        string inside = folder.Replace("{rid}", rid, StringComparison.Ordinal);
        nint[] handles = [.. Enumerable.Range(1, 2).Select(number =>
        {
            EmittedPlugin plugin = new EmittedPlugin($"Acme.Native{number}").WithEntry("Entry");
            plugin.Manifest = plugin.Manifest.Replace("acme.sample", $"acme.native{number}", StringComparison.Ordinal);
            plugin.Assets = inside.Length == 0
                ? """, "native": { "libacme.so": {} }"""
                : $$""", "runtimeTargets": { "{{inside}}libacme.so": { "rid": "{{rid}}", "assetType": "native" } }""";
            string place = Directory.CreateDirectory(
                Path.Combine(plugin.WriteTo(_root, $"Native{number}"), inside)).FullName;

            // Any library of the system's will do.
            File.Copy(
                Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so"),
                Path.Combine(place, "libacme.so"));
            LoadedPlugin loaded = Load($"acme.native{number}");
            nint handle = NativeLibrary.Load("acme", loaded.Assembly, searchPath: null);
            Assert.Contains(loaded.Resolutions, r => r.Rule == "native" && r.Source == Path.Combine(place, "libacme.so"));
            return handle;
        })];
        Assert.NotEqual(handles[0], handles[1]);
    }

    [Fact]
    public void A_framework_assembly_that_is_newer_than_the_hosts_is_an_error_with_both_versions()
    {
        new EmittedPlugin("Acme.Newer").WithEntry("Entry").WriteTo(_root);
        AssemblyLoadContext context = ContextOf("acme.sample");
        FileLoadException error = Assert.Throws<FileLoadException>(
            () => context.LoadFromAssemblyName(new AssemblyName("System.Text.Json, Version=99.0.0.0")));
        Assert.Contains("99.0.0.0", error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"this host's .NET has {Environment.Version.Major}.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_shared_assembly_that_the_host_lacks_is_an_error_and_never_a_private_copy()
    {
        EmittedPlugin plugin = new EmittedPlugin("Acme.Sharing").WithEntry("Entry", static code =>
        {
            // Anything of an assembly that host and plugin share.
            code.Emit(OpCodes.Newobj, typeof(System.Text.Json.JsonSerializerOptions).GetConstructor([])!);
            code.Emit(OpCodes.Pop);
        });
        string folder = plugin.WriteTo(_root);
        File.Copy(typeof(System.Text.Json.JsonSerializerOptions).Assembly.Location, Path.Combine(folder, "System.Text.Json.dll"));
        var loader = new PluginLoader(new PluginLoaderOptions
        {
            Log = NullLog.Instance,
            Share = static name => name.Name == "System.Text.Json"
                ? throw new FileNotFoundException("removed from this host")
                : AssemblyLoadContext.Default.LoadFromAssemblyName(name),
        });
        Problem problem = Assert.Single(
            Assert.Throws<PluginLoadException>(() => loader.Load(Installed("acme.sample"))).Problems);
        Assert.Equal(ProblemCode.SharedAssemblyUnavailable, problem.Code);
        Assert.Contains("needs System.Text.Json", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Microsoft.WindowsDesktop.App", "10.0.0", "needs the framework Microsoft.WindowsDesktop.App 10.0.0")]
    [InlineData("Microsoft.NETCore.App", "99.0.0", "needs .NET 99.0.0")]
    public void A_framework_that_the_host_lacks_is_refused_before_any_code_runs(string name, string version, string said)
    {
        string folder = new EmittedPlugin().WithEntry("Entry", EmittedPlugin.Throw).WriteTo(_root);
        File.WriteAllText(Path.Combine(folder, "Acme.Sample.runtimeconfig.json"), $$"""
            { "runtimeOptions": { "frameworks": [{ "name": "{{name}}", "version": "{{version}}" }] } }
            """);
        Problem problem = Assert.Single(Refused());
        Assert.Equal(ProblemCode.WrongPlatform, problem.Code);
        Assert.Contains(said, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_for_another_processor_is_refused_before_any_runs()
    {
        string assembly = Path.Combine(
            new EmittedPlugin().WithEntry("Entry", EmittedPlugin.Throw).WriteTo(_root), "Acme.Sample.dll");
        byte[] image = File.ReadAllBytes(assembly);
        int machine = BitConverter.ToInt32(image, 0x3C) + 4;
        bool isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        BitConverter.GetBytes((ushort)(isArm ? 0x8664 : 0xAA64)).CopyTo(image, machine);
        File.WriteAllBytes(assembly, image);
        Problem problem = Assert.Single(Refused());
        Assert.Equal(ProblemCode.WrongPlatform, problem.Code);
        Assert.Contains($"for {(isArm ? "Amd64" : "Arm64")}", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_in_a_single_file_says_that_it_cannot_load_plugins()
    {
        Assert.Contains("PublishSingleFile", ContractVersion.Objection(""), StringComparison.Ordinal);
        Assert.Null(ContractVersion.Objection(ContractVersion.Assembly.Location));
    }

    [Fact]
    public void A_type_that_the_contract_forwards_elsewhere_is_still_in_the_contract()
    {
        // The framework's own facade forwards nearly every type that our assemblies name.
        string facade = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "System.Runtime.dll");
        Assert.Empty(ContractUse.Missing(typeof(PluginLoader).Assembly.Location, facade));

        // One that has none of them.
        string other = Path.Combine(_root.Path, "System.Runtime.dll");
        new PersistedAssemblyBuilder(new AssemblyName("System.Runtime"), typeof(object).Assembly).Define(other);
        Assert.NotEmpty(ContractUse.Missing(typeof(PluginLoader).Assembly.Location, other));
    }

    private static void WriteLibrary(string folder, int version)
    {
        var library = new PersistedAssemblyBuilder(
            new AssemblyName("Acme.Shelf") { Version = new Version(version, 0, 0, 0) }, typeof(object).Assembly);
        TypeBuilder type = library.DefineDynamicModule("Acme.Shelf").DefineType("Shelf", TypeAttributes.Public);
        type.DefineField("Count", typeof(int), FieldAttributes.Public | FieldAttributes.Static);
        type.CreateType();
        library.Save(Path.Combine(folder, "Acme.Shelf.dll"));
    }

    private static InstalledPlugin Installed(string root, string id) =>
        PluginCatalog.Scan([root]).Plugins.Single(p => p.Manifest.Id == id);

    private InstalledPlugin Installed(string id) => Installed(_root.Path, id);

    private LoadedPlugin Load(string id) =>
        new PluginLoader(new PluginLoaderOptions { Log = NullLog.Instance }).Load(Installed(id));

    private AssemblyLoadContext ContextOf(string id) => AssemblyLoadContext.GetLoadContext(Load(id).Assembly)!;

    private IReadOnlyList<Problem> Refused() =>
        Assert.Throws<PluginLoadException>(() => Load("acme.sample")).Problems;
}

internal static class Saving
{
    /// <summary>Writes an assembly with one empty module.</summary>
    public static void Define(this PersistedAssemblyBuilder assembly, string path)
    {
        assembly.DefineDynamicModule(assembly.GetName().Name!);
        assembly.Save(path);
    }
}
