using Microsoft.Extensions.DependencyInjection;
using Mortise.Components;
using Mortise.Host.Loading;
using Scrutor;

namespace Mortise.Host.Composition;

/// <summary>The services of one instance of a plugin's component: those of the host that are on its list, and the
/// plugin's own, in a container that lives as long as the instance.</summary>
/// <remarks>
/// <para>A public class of the plugin that implements a public interface of the plugin is such a service, once for the
/// instance; abstract, generic and inner classes are not. Two for one interface are an error.</para>
/// <para>The container is made when the first service is asked for, while the instance opens; one that asks for
/// none costs nothing. Nothing of the host ever holds it, so that the plugin can be unloaded.</para>
/// </remarks>
internal sealed class PluginServices(PluginComponent component, ComponentContext context, HostServices host)
    : IServiceProvider, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private ServiceProvider? _container;
    private bool _closed;

    /// <summary>True when the instance has asked for a service.</summary>
    public bool IsUsed => _container is not null;

    /// <inheritdoc/>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Unsupported"/>: the program has the service and
    /// does not allow it to plugins; or two classes of the plugin claim to be it.</exception>
    public object? GetService(Type serviceType)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        ServiceProvider container;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed && _container is null, this);
            container = _container ??= Build();
        }

        if (container.GetService(serviceType) is { } service)
        {
            return service;
        }

        return host.Services?.GetService(serviceType) is null
            ? null
            : throw new StorageException(
                StorageErrorCode.Unsupported,
                $"plugin {component.Plugin} asks for {serviceType.FullName}, a service of the program that plugins "
                + "may not have",
                context.InstanceName,
                advice: $"add typeof({serviceType.Name}) to MortiseHostOptions.PluginServices, if the plugin is "
                    + "trusted");
    }

    /// <summary>The instance is open: who has not asked yet does not get any.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return _container?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private ServiceProvider Build()
    {
        var services = new ServiceCollection();
        services.AddSingleton(context.Log);
        services.AddSingleton(context.Time);
        foreach (Type type in host.PluginServices)
        {
            // As an instance: it is the program's, and no container of a plugin's disposes it.
            if (host.Services?.GetService(type) is { } service)
            {
                services.AddSingleton(type, service);
            }
        }

        try
        {
            services.Scan(scan => scan
                .FromAssemblies(component.Assembly)
                .AddClasses(static classes => classes.Where(IsService), publicOnly: true)
                .UsingRegistrationStrategy(RegistrationStrategy.Throw)
                .As(static type => OwnInterfaces(type))
                .WithSingletonLifetime());
        }
        catch (DuplicateTypeRegistrationException e)
        {
            throw new StorageException(
                StorageErrorCode.PluginFault,
                $"plugin {component.Plugin} has two public classes for {e.ServiceType.FullName}",
                context.InstanceName,
                advice: "make all but one internal",
                inner: e);
        }

        return services.BuildServiceProvider();
    }

    private static bool IsService(Type type) =>
        !type.IsGenericTypeDefinition && !type.IsNested && OwnInterfaces(type).Any();

    private static IEnumerable<Type> OwnInterfaces(Type type) =>
        type.GetInterfaces().Where(i => i.IsPublic && i.Assembly == type.Assembly);
}
