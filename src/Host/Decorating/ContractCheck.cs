using System.Diagnostics.Metrics;
using Mortise.Components;

namespace Mortise.Host.Decorating;

/// <summary>Says which law was broken, by whom and in which operation, when a call is seen to break its
/// contract.</summary>
/// <remarks>What a plugin breaks is a <see cref="StorageErrorCode.PluginFault"/> with the law's id, counted in
/// <c>mortise.component.faults</c> and logged; what the caller breaks is an <see cref="InvalidOperationException"/>.
/// Threads: any.</remarks>
internal sealed class ContractCheck(ComponentIdentity identity, string instance, IComponentLog log, Meter? meter)
{
    private readonly Counter<long>? _faults = meter?.CreateCounter<long>(
        "mortise.component.faults", "{call}", "Calls that were seen to break a law of their contract.");

    /// <summary>Checks an opened component.</summary>
    public ContractCheck(ComponentIdentity identity, ComponentContext context)
        : this(identity, context.InstanceName, context.Log, context.Meter)
    {
    }

    /// <summary>The component broke a law.</summary>
    /// <param name="operation">The call, a constant.</param>
    /// <param name="law">The law's id, as <c>mortise conformance laws</c> has it; a constant.</param>
    /// <param name="fact">What came, and what was expected, in lower case.</param>
    public StorageException Broken(string operation, string law, string fact)
    {
        _faults?.Add(
            1,
            new KeyValuePair<string, object?>("operation", operation),
            new KeyValuePair<string, object?>("law", law));
        var fault = new StorageException(
            StorageErrorCode.PluginFault,
            $"plugin {identity.PluginId} {identity.PluginVersion} broke law {law} of {identity.ComponentId} in "
                + $"{instance}, {operation}: {fact}",
            advice: "this is a defect in the plugin: do not trust what it answers; mortise conformance PLUGIN_DIR "
                + $"--law {law} tells its author more");
        log.Write(ComponentLogLevel.Error, fault.Message);
        return fault;
    }

    /// <summary>A key as messages show it: at most its first 32 bytes, in hexadecimal.</summary>
    public static string Show(ReadOnlySpan<byte> key) => key.IsEmpty
        ? "(empty)"
        : Convert.ToHexStringLower(key[..Math.Min(key.Length, 32)]) + (key.Length > 32 ? "..." : "");

    /// <summary>Whoever calls the component did what no caller may.</summary>
    public InvalidOperationException Misused(string operation, string fact) => new(
        $"{instance}, {operation}: {fact}; this is a defect in what calls {identity.ComponentId}, not in the "
        + "plugin");

    /// <summary>Something was not given back before the component was closed: told, since nothing can be refused any
    /// more.</summary>
    public void Left(string what, long count)
    {
        if (count > 0)
        {
            log.Write(
                ComponentLogLevel.Warning,
                $"{instance} was closed with {count} {what} open; whoever holds them must not use them");
        }
    }
}
