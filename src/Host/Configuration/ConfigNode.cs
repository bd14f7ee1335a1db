using System.Diagnostics.CodeAnalysis;

namespace Mortise.Host.Configuration;

/// <summary>A value of a stack or manifest, with where it was written.</summary>
public abstract class ConfigNode
{
    private protected ConfigNode(SourcePosition at) => At = at;

    /// <summary>Where the value begins.</summary>
    public SourcePosition At { get; }

    /// <summary>What it is, for messages: <c>a mapping</c>, <c>'abc'</c>.</summary>
    public abstract string Description { get; }
}

/// <summary>A single value.</summary>
/// <param name="text">The value as text.</param>
/// <param name="isQuoted">True when it was written in quotes, and so is text and never a number.</param>
/// <param name="at">Where it begins.</param>
public sealed class ConfigText(string text, bool isQuoted, SourcePosition at) : ConfigNode(at)
{
    /// <summary>The value as text.</summary>
    public string Text { get; } = text;

    /// <summary>True when it was written in quotes.</summary>
    public bool IsQuoted { get; } = isQuoted;

    /// <summary>What was written, when the value came from the environment or a file; shown in its place, because it
    /// may be a secret.</summary>
    public string? Expression { get; init; }

    /// <summary><see cref="Expression"/> as it stands in a stack: in quotes when it was.</summary>
    internal string? WrittenExpression =>
        Expression is not null && IsQuoted ? OptionText.InQuotes(Expression) : Expression;

    /// <summary>True for a key with nothing behind it.</summary>
    public bool IsNothing => !IsQuoted && Text is "" or "~" or "null";

    /// <inheritdoc/>
    public override string Description => IsNothing ? "nothing" : $"'{Expression ?? Text}'";
}

/// <summary>A list.</summary>
/// <param name="at">Where it begins.</param>
public sealed class ConfigList(SourcePosition at) : ConfigNode(at)
{
    private readonly List<ConfigNode> _items = [];

    /// <summary>The items in order.</summary>
    public IReadOnlyList<ConfigNode> Items => _items;

    /// <inheritdoc/>
    public override string Description => "a list";

    internal void Add(ConfigNode item) => _items.Add(item);
}

/// <summary>One key of a mapping.</summary>
/// <param name="Key">The key.</param>
/// <param name="KeyAt">Where the key begins.</param>
/// <param name="Value">The value.</param>
public sealed record ConfigEntry(string Key, SourcePosition KeyAt, ConfigNode Value);

/// <summary>A mapping; keys are unique and keep their order.</summary>
/// <param name="at">Where it begins.</param>
public sealed class ConfigMap(SourcePosition at) : ConfigNode(at)
{
    private readonly List<ConfigEntry> _entries = [];

    /// <summary>The entries in order.</summary>
    public IReadOnlyList<ConfigEntry> Entries => _entries;

    /// <inheritdoc/>
    public override string Description => "a mapping";

    /// <summary>Finds a key, exactly as written.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out ConfigEntry? entry)
    {
        entry = _entries.Find(e => string.Equals(e.Key, key, StringComparison.Ordinal));
        return entry is not null;
    }

    /// <summary>The same mapping with these keys only, or with all but these.</summary>
    internal ConfigMap Where(Func<string, bool> isKept)
    {
        var map = new ConfigMap(At);
        map._entries.AddRange(_entries.Where(e => isKept(e.Key)));
        return map;
    }

    /// <summary>Adds an entry, or replaces the one with the same key in its place.</summary>
    internal void Set(ConfigEntry entry)
    {
        int index = _entries.FindIndex(e => string.Equals(e.Key, entry.Key, StringComparison.Ordinal));
        if (index < 0)
        {
            _entries.Add(entry);
        }
        else
        {
            _entries[index] = entry;
        }
    }
}
