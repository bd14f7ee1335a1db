namespace Mortise.Plugins;

/// <summary>What a component is called and what it is.</summary>
public sealed class ComponentDescriptor
{
    /// <summary>The id that stacks name: two or more parts of <c>[a-z0-9-]+</c> joined by dots, for example
    /// <c>mortise.btree</c>.</summary>
    public required string Id { get; init; }

    /// <summary>One line for a person.</summary>
    public required string Summary { get; init; }

    /// <summary>The name of the file format it writes; empty when it has no files.</summary>
    public string FormatName { get; init; } = "";

    /// <summary>The format version it writes.</summary>
    public int FormatVersion { get; init; }

    /// <summary>The oldest format version it reads.</summary>
    public int OldestReadableFormatVersion { get; init; }

    /// <summary>Names of what it offers beyond its contract, for other components to require: dotted like ids,
    /// <c>acme.dictionary</c>. The contract's own: <c>records.reclaim</c> (<see cref="Records.IReclaimable"/>),
    /// <c>records.salvage</c> (<see cref="Records.IRecordSalvage"/>), <c>index.pack</c>
    /// (<see cref="Indexing.IPackableIndex"/>), <c>log.dump</c> (<see cref="Logging.ILogDumper"/>); a host checks that
    /// those are true.</summary>
    public IReadOnlyList<string> Offers { get; init; } = [];

    /// <summary>What another component of the stack must offer, or be: names as in <see cref="Offers"/>, or component
    /// ids. A stack without it is refused.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>The same, but the component does without, and the host says so.</summary>
    public IReadOnlyList<string> Prefers { get; init; } = [];

    /// <summary>What no other component of the stack may offer, or be. A stack with it is refused.</summary>
    public IReadOnlyList<string> Conflicts { get; init; } = [];
}
