using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Mortise.Host.Composition;

/// <summary>Registers the host in a program's services.</summary>
public static class MortiseServices
{
    /// <summary>Adds <see cref="MortiseHost"/>, one for the program.</summary>
    /// <remarks>A <see cref="TimeProvider"/> that the program has registered is used; plugins get no other service of
    /// the program, so that none can keep a plugin from being unloaded or be kept by one.</remarks>
    /// <param name="services">The program's services.</param>
    /// <param name="configure">Folders, plugins from code, logs.</param>
    public static IServiceCollection AddMortise(
        this IServiceCollection services, Action<IServiceProvider, MortiseHostOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider =>
        {
            var options = new MortiseHostOptions { Time = provider.GetRequiredService<TimeProvider>() };
            configure(provider, options);
            return new MortiseHost(options);
        });
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
}
