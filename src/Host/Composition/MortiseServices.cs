using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mortise.Engine;
using Mortise.Host.Running;

namespace Mortise.Host.Composition;

/// <summary>Registers the host in a program's services.</summary>
public static class MortiseServices
{
    /// <summary>Adds <see cref="MortiseHost"/>, one for the program.</summary>
    /// <remarks>
    /// <para>Options are a program's usual ones: <c>services.Configure&lt;MortiseHostOptions&gt;</c> adds to them. A
    /// <see cref="TimeProvider"/> and an <see cref="ILoggerFactory"/> that the program has registered are used; logs of
    /// instances have names such as <c>Mortise.indexes/id/all</c>. Metrics are in meters called <c>Mortise</c> and
    /// <c>Mortise.*</c>, which any listener of the program finds.</para>
    /// <para>Plugins get no service of the program but those on <see cref="MortiseHostOptions.PluginServices"/>, so
    /// that none keeps a plugin from being unloaded or is kept by one.</para>
    /// </remarks>
    /// <param name="services">The program's services.</param>
    /// <param name="configure">Folders, plugins from code, logs.</param>
    public static IServiceCollection AddMortise(
        this IServiceCollection services, Action<IServiceProvider, MortiseHostOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<MortiseHostOptions>().Configure<IServiceProvider>((options, provider) =>
        {
            options.Time = provider.GetRequiredService<TimeProvider>();
            options.Services = provider;
            if (provider.GetService<ILoggerFactory>() is { } logs)
            {
                options.Logs = instance => new LoggerLog(logs.CreateLogger("Mortise." + instance));
            }

            configure(provider, options);
        });
        services.TryAddSingleton(
            static provider => new MortiseHost(provider.GetRequiredService<IOptions<MortiseHostOptions>>().Value));
        return services;
    }

    /// <summary>Adds <see cref="MortiseHost"/>, one for the program.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="configure">Folders, plugins from code, logs.</param>
    public static IServiceCollection AddMortise(this IServiceCollection services, Action<MortiseHostOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddMortise((_, options) => configure(options));
    }

    /// <summary>Adds a check of a store: unhealthy when it refuses writes or a part has failed, degraded when a part
    /// is, each with its reason.</summary>
    /// <param name="checks">The program's checks.</param>
    /// <param name="engine">Finds the open store.</param>
    /// <param name="name">The check's name.</param>
    public static IHealthChecksBuilder AddMortiseStore(
        this IHealthChecksBuilder checks, Func<IServiceProvider, StoreEngine> engine, string name = "mortise")
    {
        ArgumentNullException.ThrowIfNull(checks);
        ArgumentNullException.ThrowIfNull(engine);
        return checks.Add(new HealthCheckRegistration(
            name, provider => new StoreHealthCheck(() => engine(provider)), failureStatus: null, tags: null));
    }
}
