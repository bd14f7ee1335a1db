namespace Mortise.Host.Configuration;

/// <summary>Builds a tree from the events of a parser, without recursion and with a cap on nesting, so that no text can
/// overflow the stack.</summary>
internal sealed class ConfigTreeBuilder(ICollection<Problem> problems)
{
    /// <summary>The deepest nesting; a stack needs 4.</summary>
    public const int MaxDepth = 12;

    /// <summary>The longest file, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly Stack<Level> _open = new();

    /// <summary>The finished tree; null before the end.</summary>
    public ConfigNode? Root { get; private set; }

    /// <summary>True when the next value belongs to the key that <see cref="Key"/> named.</summary>
    public bool ExpectsKey => _open.TryPeek(out Level? level) && level is { Map: not null, Key: null };

    /// <summary>Takes the key of the next value.</summary>
    public void Key(string key, SourcePosition at)
    {
        Level level = _open.Peek();
        if (level.Map!.TryGet(key, out ConfigEntry? first))
        {
            problems.Add(new Problem(
                ProblemCode.DuplicateKey, at, $"key '{key}' stands here twice; the first is at {first.KeyAt}"));
        }

        level.Key = key;
        level.KeyAt = at;
    }

    /// <summary>Takes a single value.</summary>
    public void Text(string text, bool isQuoted, SourcePosition at) => Attach(new ConfigText(text, isQuoted, at));

    /// <summary>Opens a mapping.</summary>
    /// <returns>False when the nesting is too deep; nothing more may be added.</returns>
    public bool OpenMap(SourcePosition at) => Push(new ConfigMap(at), null, at);

    /// <summary>Opens a list.</summary>
    /// <returns>False when the nesting is too deep; nothing more may be added.</returns>
    public bool OpenList(SourcePosition at) => Push(null, new ConfigList(at), at);

    /// <summary>Closes the innermost mapping or list.</summary>
    public void Close() => _open.Pop();

    private bool Push(ConfigMap? map, ConfigList? list, SourcePosition at)
    {
        if (_open.Count == MaxDepth)
        {
            problems.Add(new Problem(ProblemCode.TooLarge, at, $"nested deeper than {MaxDepth} levels"));
            return false;
        }

        Attach(map is not null ? map : list!);
        _open.Push(new Level { Map = map, List = list });
        return true;
    }

    private void Attach(ConfigNode node)
    {
        if (!_open.TryPeek(out Level? level))
        {
            Root = node;
        }
        else if (level.Map is not null)
        {
            // A duplicate was reported; the first stays, so that what follows refers to one of them and not to a mix.
            if (!level.Map.TryGet(level.Key!, out _))
            {
                level.Map.Set(new ConfigEntry(level.Key!, level.KeyAt, node));
            }

            level.Key = null;
        }
        else
        {
            level.List!.Add(node);
        }
    }

    private sealed class Level
    {
        public ConfigMap? Map { get; init; }

        public ConfigList? List { get; init; }

        public string? Key { get; set; }

        public SourcePosition KeyAt { get; set; }
    }
}
