using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>Puts around a component what a stack asks for.</summary>
/// <remarks>Decorations are the host's own and know the contract only, so they fit every plugin. A capability that a
/// decoration does not have itself is looked for further in (<see cref="IStorageComponent.TryGet"/>).</remarks>
internal static class Decorations
{
    /// <summary>What the name of a format ends with when values carry a checksum.</summary>
    public const string ChecksumFormat = "+crc32c";

    /// <summary>Decorates an opened component.</summary>
    /// <param name="component">The plugin's.</param>
    /// <param name="settings">What is asked for, the outermost first.</param>
    /// <param name="context">What it was opened with.</param>
    public static T Decorate<T>(T component, DecoratedSettings settings, ComponentContext context)
        where T : class, IStorageComponent
    {
        foreach (Decoration decoration in (settings.Decorate ?? []).Reverse())
        {
            component = (T)(object)(component switch
            {
                IWriteAheadLog log => Around(log, decoration, settings, context),
                IRecordStore records => Around(records, decoration, settings, context),
                IIndexFamily index => Around(index, decoration, settings, context),
                _ => throw Unknown(decoration, component),
            });
        }

        return component;
    }

    /// <summary>Who writes the files when a component is decorated.</summary>
    public static ComponentIdentity Identify(ComponentIdentity plain, DecoratedSettings settings) =>
        settings.HasChecksum ? WithChecksum(plain) : plain;

    /// <summary>Who writes the files of an index whose values carry checksums.</summary>
    public static ComponentIdentity WithChecksum(ComponentIdentity plain) =>
        plain.FormatName.Length > 0
            ? new ComponentIdentity
            {
                PluginId = plain.PluginId,
                PluginVersion = plain.PluginVersion,
                ComponentId = plain.ComponentId,
                FormatName = plain.FormatName + ChecksumFormat,
                FormatVersion = plain.FormatVersion,
                OldestReadableFormatVersion = plain.OldestReadableFormatVersion,
            }
            : plain;

    private static IWriteAheadLog Around(
        IWriteAheadLog log, Decoration decoration, DecoratedSettings settings, ComponentContext context) =>
        decoration switch
        {
            Decoration.Metrics => new MeteredLog(log, new CallMetrics(context)),
            Decoration.Throttle => new ThrottledLog(log, Pace.Of(settings, context)),
            Decoration.Check => new CheckedLog(log, new ContractCheck(log.Identity, context)),
            _ => throw Unknown(decoration, log),
        };

    private static IRecordStore Around(
        IRecordStore records, Decoration decoration, DecoratedSettings settings, ComponentContext context) =>
        decoration switch
        {
            Decoration.Metrics => new MeteredRecordStore(records, new CallMetrics(context)),
            Decoration.Throttle => new ThrottledRecordStore(records, Pace.Of(settings, context)),
            Decoration.Check => new CheckedRecordStore(records, new ContractCheck(records.Identity, context)),
            _ => throw Unknown(decoration, records),
        };

    private static IIndexFamily Around(
        IIndexFamily index, Decoration decoration, DecoratedSettings settings, ComponentContext context) =>
        decoration switch
        {
            Decoration.Metrics => new MeteredIndex(index, new CallMetrics(context)),
            Decoration.Checksum => new ChecksummedIndex(index, context.InstanceName),
            Decoration.Throttle => new ThrottledIndex(index, Pace.Of(settings, context)),
            Decoration.Check => new CheckedIndex(index, new ContractCheck(index.Identity, context)),
            _ => throw Unknown(decoration, index),
        };

    private static ArgumentException Unknown(Decoration decoration, IStorageComponent component) =>
        new($"there is no {decoration} around {component.Identity.ComponentId}");
}
