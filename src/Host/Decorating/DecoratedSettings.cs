using Mortise.Host.Configuration;
using Mortise.Plugins;

namespace Mortise.Host.Decorating;

/// <summary>The keys of a role that say what is put around its component.</summary>
internal abstract class DecoratedSettings : IValidatedOptions
{
    /// <summary>Keys of roles that decide nothing of what is in the files, but for the checksum.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["decorate", "throttle", "reload", "onFault"];

    /// <summary>What is put around the component, the outermost first; null for nothing.</summary>
    public IReadOnlyList<Decoration>? Decorate { get; set; }

    /// <summary>Bytes a second that the throttle lets through.</summary>
    public ByteSize? Throttle { get; set; }

    /// <summary>Whether other files of the plugin take its place while the store is open.</summary>
    public ReloadMode Reload { get; set; } = ReloadMode.Never;

    /// <summary>True when values carry a checksum, which is a format of its own.</summary>
    public bool HasChecksum => Decorate is { } list && list.Contains(Decoration.Checksum);

    /// <summary>Why a decoration cannot be put around the role's component; null when it can.</summary>
    protected virtual string? Refuse(Decoration decoration) => null;

    /// <summary>Why the role's code cannot be exchanged while the store is open; null when it can.</summary>
    protected virtual string? RefuseSwap() => null;

    /// <summary>For roles whose component holds data that exist once: H14 wants the new code to be open and sound
    /// before the old lets go, and no two may have the same files open.</summary>
    protected static string OnlyByReopening(string role) =>
        $"must be never: {role} has files that one code at a time may have open, so the new could only be tried when "
        + "the old had let go; install the new version and open the store again";

    /// <summary>For roles whose component has no calls worth counting and writes nothing.</summary>
    protected static string? OnlyChecks(Decoration decoration, string role) => decoration == Decoration.Check
        ? null
        : $"has {decoration.ToString().ToLowerInvariant()}: only check can be put around {role}";

    /// <inheritdoc/>
    public virtual IEnumerable<OptionProblem> Validate()
    {
        IReadOnlyList<Decoration> list = Decorate ?? [];
        if (list.Distinct().Count() != list.Count)
        {
            yield return new OptionProblem(nameof(Decorate), "must have each decoration once");
        }

        foreach (Decoration decoration in list)
        {
            if (Refuse(decoration) is { } reason)
            {
                yield return new OptionProblem(nameof(Decorate), reason);
            }
        }

        if (Reload == ReloadMode.Swap && RefuseSwap() is { } because)
        {
            yield return new OptionProblem(nameof(Reload), because);
        }

        if (list.Contains(Decoration.Throttle) && Throttle is null)
        {
            yield return new OptionProblem(
                nameof(Decorate), "has throttle, which needs a rate: throttle: 10MiB is 10 MiB a second");
        }

        if (Throttle is not null && !list.Contains(Decoration.Throttle))
        {
            yield return new OptionProblem(nameof(Decorate), "does not have throttle, but there is a rate for it");
        }

        if (Throttle is { Bytes: < 1 })
        {
            yield return new OptionProblem(nameof(Throttle), "must be 1B or more a second");
        }
    }
}
