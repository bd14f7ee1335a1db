using System.Reflection;
using System.Reflection.Emit;
using Mortise.Plugins;

namespace Mortise.Host.Tests.Loading;

/// <summary>Writes small plugins, most of them wrong in one way, as folders of a plugin root.</summary>
internal sealed class EmittedPlugin
{
    private readonly PersistedAssemblyBuilder _assembly;
    private readonly ModuleBuilder _module;
    private readonly string _name;

    public EmittedPlugin(string name = "Acme.Sample", string version = "1.0.0")
    {
        _name = name;
        Version = version;
        _assembly = new PersistedAssemblyBuilder(
            new AssemblyName(name) { Version = new Version(1, 0, 0, 0) }, typeof(object).Assembly);
        _module = _assembly.DefineDynamicModule(name);
        Manifest = $$"""
            {
              "id": "acme.sample",
              "version": "{{version}}",
              "assembly": "{{name}}.dll",
              "contract": "^1.0",
              "summary": "A sample.",
              "components": []
            }
            """;
    }

    public string Version { get; }

    /// <summary>The text of plugin.json.</summary>
    public string Manifest { get; set; }

    /// <summary>Adds a class that implements <see cref="IPlugin"/>; the body may do something in Register.</summary>
    public EmittedPlugin WithEntry(
        string type, Action<ILGenerator>? body = null, TypeAttributes extra = TypeAttributes.Public, Type? contract = null)
    {
        TypeBuilder entry = _module.DefineType(type, extra | TypeAttributes.Class, typeof(object), [contract ?? typeof(IPlugin)]);
        if (!extra.HasFlag(TypeAttributes.Abstract))
        {
            entry.DefineDefaultConstructor(MethodAttributes.Public);
        }

        MethodInfo register = (contract ?? typeof(IPlugin)).GetMethod(nameof(IPlugin.Register))!;
        MethodBuilder method = entry.DefineMethod(
            nameof(IPlugin.Register),
            MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.NewSlot,
            typeof(void),
            [register.GetParameters()[0].ParameterType]);
        ILGenerator code = method.GetILGenerator();
        body?.Invoke(code);
        code.Emit(OpCodes.Ret);
        entry.CreateType();
        return this;
    }

    /// <summary>Adds a class that claims an interface and implements nothing of it.</summary>
    public void WithEmptyClass(string type, Type claimed) =>
        _module.DefineType(type, TypeAttributes.Public | TypeAttributes.Class, typeof(object), [claimed]).CreateType();

    /// <summary>A body that throws.</summary>
    public static void Throw(ILGenerator code)
    {
        code.Emit(OpCodes.Ldstr, "not today");
        code.Emit(OpCodes.Newobj, typeof(InvalidOperationException).GetConstructor([typeof(string)])!);
        code.Emit(OpCodes.Throw);
    }

    /// <summary>What deps.json says beside the assembly itself: properties of the plugin's library, after a comma.</summary>
    public string Assets { get; set; } = "";

    /// <summary>A private dependency for deps.json to name, or empty.</summary>
    public string Library { get; set; } = "";

    /// <summary>Writes the folder.</summary>
    /// <param name="root">The plugin root.</param>
    /// <param name="name">The name of the folder below the root.</param>
    /// <returns>The plugin's folder.</returns>
    public string WriteTo(TemporaryFolder root, string name = "Sample")
    {
        string folder = Directory.CreateDirectory(Path.Combine(root.Path, name, Version)).FullName;
        _assembly.Save(Path.Combine(folder, _name + ".dll"));
        File.WriteAllText(Path.Combine(folder, "plugin.json"), Manifest);
        string target = Library.Length == 0
            ? ""
            : $$""", "{{Library}}/1.0.0": { "runtime": { "{{Library}}.dll": {} } }""";
        string library = Library.Length == 0
            ? ""
            : $$""", "{{Library}}/1.0.0": { "type": "project", "serviceable": false, "sha512": "" }""";
        File.WriteAllText(Path.Combine(folder, _name + ".deps.json"), $$"""
            {
              "runtimeTarget": { "name": ".NETCoreApp,Version=v10.0" },
              "targets": { ".NETCoreApp,Version=v10.0": { "{{_name}}/1.0.0": { "runtime": { "{{_name}}.dll": {} }{{Assets}} }{{target}} } },
              "libraries": { "{{_name}}/1.0.0": { "type": "project", "serviceable": false, "sha512": "" }{{library}} }
            }
            """);
        return folder;
    }
}
