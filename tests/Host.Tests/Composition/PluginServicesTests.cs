using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Indexing;

namespace Mortise.Host.Tests.Composition;

public interface IGreeting
{
    string Text { get; }
}

/// <summary>A public class of the plugin that implements a public interface of the plugin: its service.</summary>
public sealed class Greeting(IComponentLog log, TimeProvider time) : IGreeting, IDisposable
{
    public static int Disposed { get; set; }

    public string Text => $"{log is not null} {time is not null}";

    public void Dispose() => Disposed++;
}

public interface IParting;

public abstract class Parting : IParting;

internal sealed class InnerParting : IParting;

public sealed class GenericParting<T> : IParting
{
    public T? Value { get; init; }
}

public interface IAllowed;

/// <summary>H20, H21: what an opened instance gets of services, and a program of the host.</summary>
public sealed class PluginServicesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_instance_gets_its_plugins_public_services_and_those_of_the_host_that_are_allowed()
    {
        var allowed = new ByProgram();
        IGreeting? greeting = null;
        object?[] none = [];
        bool same = false;
        IServiceProvider? kept = null;
        (ServiceProvider program, IIndexFamily index) = await OpenAsync(
            services =>
            {
                kept = services;
                greeting = services.GetService<IGreeting>();
                same = ReferenceEquals(greeting, services.GetService<IGreeting>());
                none = [services.GetService<IParting>(), services.GetService<InnerParting>()];
                Assert.Same(allowed, services.GetService<IAllowed>());
            },
            services => services.AddSingleton<IAllowed>(_ => allowed),
            typeof(IAllowed));
        Assert.Equal("True True", greeting!.Text);
        Assert.True(same);
        Assert.Equal([null, null], none);

        // The container goes with the instance; what is the program's stays.
        int before = Greeting.Disposed;
        await index.DisposeAsync();
        Assert.Equal(before + 1, Greeting.Disposed);
        Assert.False(allowed.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => kept!.GetService<IGreeting>());
        await program.DisposeAsync();
        Assert.True(allowed.IsDisposed);
    }

    [Fact]
    public async Task A_service_of_the_program_that_is_not_allowed_is_refused_by_name()
    {
        StorageException refused = await Assert.ThrowsAsync<StorageException>(async () => await OpenAsync(
            static services => services.GetService<IAllowed>(),
            static services => services.AddSingleton<IAllowed>(new ByProgram())));
        Assert.Equal(StorageErrorCode.Unsupported, refused.Code);
        Assert.Contains("plugin sample 1.2.0 asks for", refused.Message, StringComparison.Ordinal);
        Assert.Contains("add typeof(IAllowed) to MortiseHostOptions.PluginServices", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_for_nothing_while_it_opens_gets_nothing_later()
    {
        IServiceProvider? kept = null;
        (ServiceProvider program, IIndexFamily index) = await OpenAsync(services => kept = services, static _ => { });
        Assert.Equal(Lsn.None, index.AppliedLsn);
        Assert.Throws<ObjectDisposedException>(() => kept!.GetService<IGreeting>());
        await program.DisposeAsync();
    }

    [Fact]
    public void Two_classes_for_one_service_are_an_error_that_names_the_service()
    {
        var plugins = new PluginsUnderTest("mortise.misbehaving");
        PluginServices services = plugins.ServicesOf("misbehaving.sound", Context(NullLog.Instance));
        StorageException error = Assert.Throws<StorageException>(() => services.GetService(typeof(string)));
        Assert.Equal(StorageErrorCode.PluginFault, error.Code);
        Assert.Contains("two public classes for Mortise.Fixtures.Misbehaving.ITwice", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_whose_services_were_used_unloads()
    {
        var plugins = new PluginsUnderTest("mortise.leaky");
        plugins.UseServices("mortise.leaky.policy", Context(NullLog.Instance));
        Assert.True(plugins.Unload().Prove(), "a closed container keeps the plugin");
    }

    [Fact]
    public async Task A_program_configures_in_several_places_and_its_logging_is_used()
    {
        var lines = new List<string>();
        await using ServiceProvider program = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(new Lines(lines))
            .AddMortise(static o => o.StaticPlugins.Add(new StaticPlugin(
                new SamplePlugin
                {
                    OpenIndex = static (context, _) =>
                    {
                        context.Log.Write(ComponentLogLevel.Warning, "look at this");
                        return new Silent();
                    },
                },
                "sample",
                "1.2.0")))
            .Configure<MortiseHostOptions>(static o => o.Seed = 77)
            .BuildServiceProvider();
        MortiseHost host = program.GetRequiredService<MortiseHost>();
        StoreComposition composition = host.Compose(
            host.Resolve(StackFile.Parse("stack.yaml", SampleStack.Text)), _folder.Path).Composition;
        Assert.Equal(77UL, composition.Seed);
        await composition.Families[0].Structure.Open(Context(composition.Logs("indexes/id/all")), default);
        Assert.Equal(["Mortise.indexes/id/all Warning look at this"], lines);
    }

    [Fact]
    public async Task The_health_of_a_store_is_a_check_of_the_program()
    {
        var services = new ServiceCollection();
        services.AddHealthChecks().AddMortiseStore(static _ => throw new InvalidOperationException("not open"));
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        await using ServiceProvider program = services.BuildServiceProvider();
        HealthReport report = await program.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Unhealthy, report.Entries["mortise"].Status);
        Assert.Contains("not open", report.Entries["mortise"].Exception!.Message, StringComparison.Ordinal);
    }

    private async Task<(ServiceProvider Program, IIndexFamily Index)> OpenAsync(
        Action<IServiceProvider> ask, Action<IServiceCollection> add, params Type[] allowed)
    {
        var services = new ServiceCollection();
        add(services);
        ServiceProvider program = services
            .AddMortise(o =>
            {
                o.StaticPlugins.Add(new StaticPlugin(
                    new SamplePlugin
                    {
                        OpenIndex = (context, _) =>
                        {
                            ask(context.Services!);
                            return new Silent();
                        },
                    },
                    "sample",
                    "1.2.0"));
                foreach (Type type in allowed)
                {
                    o.PluginServices.Add(type);
                }
            })
            .BuildServiceProvider();
        MortiseHost host = program.GetRequiredService<MortiseHost>();
        StoreComposition composition = host.Compose(
            host.Resolve(StackFile.Parse("stack.yaml", SampleStack.Text)), _folder.Path).Composition;
        return (program, await composition.Families[0].Structure.Open(Context(NullLog.Instance), default));
    }

    private ComponentContext Context(IComponentLog log) => SampleStack.Context(_folder, "indexes/id/all", log);

    /// <summary>A plugin of the tests, loaded so that it can be unloaded.</summary>
    private sealed class PluginsUnderTest(string id)
    {
        private readonly PluginLoader _loader = new(new PluginLoaderOptions { Log = NullLog.Instance });
        private LoadedPlugin? _plugin;

        public PluginServices ServicesOf(string component, ComponentContext context)
        {
            _plugin = _loader.Load(
                PluginCatalog.Scan([Repository.TestPlugins]).Plugins.Single(p => p.Manifest.Id == id), canUnload: true);
            return new PluginServices(
                _plugin.Components.Single(c => c.Descriptor.Id == component),
                context,
                new HostServices
                {
                    Background = context.Background,
                    Logs = static _ => NullLog.Instance,
                    Seed = 1,
                });
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void UseServices(string component, ComponentContext context)
        {
            PluginServices services = ServicesOf(component, context);
            Type type = _plugin!.Assembly.GetExportedTypes().Single(static t => t.Name == "ILeakyService");
            Assert.Equal("LeakyService", services.GetService(type)!.GetType().Name);
            services.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public PluginUnload Unload()
        {
            LoadedPlugin plugin = _plugin!;
            _plugin = null;
            return _loader.Unload(plugin);
        }
    }

    private sealed class ByProgram : IAllowed, IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    /// <summary>An index that is there to be opened and closed.</summary>
    internal sealed class Silent : IIndexFamily
    {
        public ComponentIdentity Identity => throw new NotSupportedException();

        public IndexTraits Traits => throw new NotSupportedException();

        public Lsn AppliedLsn => default;

        public Lsn DurableLsn => default;

        public IndexStatistics Statistics => default;

        public void Apply(in IndexBatch batch) => throw new NotSupportedException();

        public IIndexSnapshot OpenSnapshot() => throw new NotSupportedException();

        public ValueTask CheckpointAsync(CancellationToken cancellation = default) => default;

        public ValueTask ResetAsync(CancellationToken cancellation = default) => default;

        public ValueTask DisposeAsync() => default;
    }

    private sealed class Lines(List<string> lines) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public ILogger CreateLogger(string categoryName) => new Line(categoryName, lines);

        public void Dispose()
        {
        }

        private sealed class Line(string name, List<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Add($"{name} {logLevel} {formatter(state, exception)}");
        }
    }
}
