using System.Reflection;
using System.Reflection.Emit;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Plugins;

namespace Mortise.Host.Tests.Loading;

public sealed class ContractUseTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Every_reference_of_the_bundled_plugins_into_the_contract_is_found()
    {
        string[] assemblies =
        [
            .. Directory.GetFiles(Repository.Plugins, "*.dll", SearchOption.AllDirectories),
            .. Directory.GetFiles(Repository.TestPlugins, "*.dll", SearchOption.AllDirectories),
            typeof(Mortise.Engine.StoreEngine).Assembly.Location,
            typeof(MortiseHostTestsMarker).Assembly.Location,
        ];
        Assert.True(assemblies.Length > 10);
        foreach (string assembly in assemblies)
        {
            Assert.Empty(ContractUse.Missing(assembly));
        }
    }

    [Fact]
    public void A_missing_member_and_a_missing_type_are_named_before_any_code_runs()
    {
        // A contract of the future: IPlugin with a Register of its own, and more of everything else.
        var future = new PersistedAssemblyBuilder(new AssemblyName("Mortise.Abstractions"), typeof(object).Assembly);
        ModuleBuilder module = future.DefineDynamicModule("future");
        TypeBuilder registrar = module.DefineType(
            "Mortise.Plugins.IPluginRegistrar", TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract);
        MethodBuilder addSensor = registrar.DefineMethod(
            "AddSensor", MethodAttributes.Public | MethodAttributes.Abstract | MethodAttributes.Virtual, typeof(void), [typeof(int)]);
        Type registrarType = registrar.CreateType();
        TypeBuilder plugin = module.DefineType(
            "Mortise.Plugins.IPlugin", TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract);
        plugin.DefineMethod(
            "Register", MethodAttributes.Public | MethodAttributes.Abstract | MethodAttributes.Virtual, typeof(void), [registrarType]);
        Type pluginType = plugin.CreateType();
        TypeBuilder sensor = module.DefineType(
            "Mortise.Sensing.Sensor", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        MethodBuilder read = sensor.DefineMethod("Read", MethodAttributes.Public | MethodAttributes.Static, typeof(int), []);
        read.GetILGenerator().Emit(OpCodes.Ldc_I4_0);
        read.GetILGenerator().Emit(OpCodes.Ret);
        sensor.CreateType();

        new EmittedPlugin("Acme.Future").WithEntry(
            "Entry",
            code =>
            {
                code.Emit(OpCodes.Ldarg_1);
                code.Emit(OpCodes.Call, read);
                code.Emit(OpCodes.Callvirt, addSensor);
            },
            contract: pluginType).WriteTo(_root);
        InstalledPlugin installed = Assert.Single(PluginCatalog.Scan([_root.Path]).Plugins);
        IReadOnlyList<Problem> problems = Assert.Throws<PluginLoadException>(() => new PluginLoader(new PluginLoaderOptions { Log = NullLog.Instance }).Load(installed)).Problems;
        Assert.All(problems, static p => Assert.Equal(ProblemCode.Incompatible, p.Code));
        Assert.Equal(
            [
                "acme.sample 1.0.0 was built for another contract: Acme.Future.dll uses "
                    + "Mortise.Plugins.IPluginRegistrar.AddSensor (System.Int32) : System.Void, which contract 1.0.0 does not have",
                "acme.sample 1.0.0 was built for another contract: Acme.Future.dll uses "
                    + "Mortise.Sensing.Sensor, which contract 1.0.0 does not have",
            ],
            problems.Select(static p => p.Message).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), static a => a.GetName().Name == "Acme.Future");
    }

    [Fact]
    public void A_class_that_does_not_implement_the_contract_whole_is_incompatible()
    {
        var assembly = new EmittedPlugin("Acme.Incomplete").WithEntry("Entry");
        assembly.WithEmptyClass("Acme.Half", typeof(IPluginRegistrar));
        assembly.WriteTo(_root);
        InstalledPlugin installed = Assert.Single(PluginCatalog.Scan([_root.Path]).Plugins);
        Problem problem = Assert.Single(Assert.Throws<PluginLoadException>(() => new PluginLoader(new PluginLoaderOptions { Log = NullLog.Instance }).Load(installed)).Problems);
        Assert.Equal(ProblemCode.Incompatible, problem.Code);
        Assert.Contains("does not have an implementation", problem.Message, StringComparison.Ordinal);
    }

    private sealed class MortiseHostTestsMarker;
}
