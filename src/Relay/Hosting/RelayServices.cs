using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Registers a relay in a program's services.</summary>
public static class RelayServices
{
    /// <summary>Adds a <see cref="NostrRelay"/>, one for the program; <see cref="RelayEndpoints.MapMortiseRelay"/> maps
    /// it.</summary>
    /// <remarks>
    /// <para>Takes from the services: the open <see cref="EventStore"/> (needed), the <see cref="EventPolicyOptions"/>
    /// that it was opened with, every <see cref="IAdmissionRule"/>, an <see cref="IEventVerifier"/>, the clock and the
    /// logs.</para>
    /// <para>The relay stops with the program, before its server does: connections are drained and everything that came
    /// in is answered. The store is whoever registered it's to close.</para>
    /// </remarks>
    /// <param name="services">The program's services.</param>
    /// <param name="configure">Sets options, or null for the defaults.</param>
    public static IServiceCollection AddMortiseRelay(
        this IServiceCollection services, Action<RelayOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider =>
        {
            var options = new RelayOptions();
            configure?.Invoke(options);
            return new NostrRelay(
                provider.GetRequiredService<EventStore>(),
                provider.GetService<EventPolicyOptions>() ?? new EventPolicyOptions(),
                options,
                [.. provider.GetServices<IAdmissionRule>()],
                provider.GetService<IEventVerifier>(),
                provider.GetService<ILoggerFactory>(),
                provider.GetService<TimeProvider>());
        });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RelayLifetime>());
        return services;
    }

    /// <summary>Stops the relay while its server still answers.</summary>
    private sealed class RelayLifetime(NostrRelay relay) : IHostedLifecycleService
    {
        public Task StoppingAsync(CancellationToken cancellationToken) => relay.StopAsync();

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
