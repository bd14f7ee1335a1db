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
}
