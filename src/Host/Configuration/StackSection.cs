namespace Mortise.Host.Configuration;

/// <summary>A part of a stack that is not the host's to understand, such as <c>nostr</c> or <c>relay</c>.</summary>
public sealed class StackSection
{
    private readonly ConfigMap _map;

    internal StackSection(string name, ConfigMap map)
    {
        Name = name;
        _map = map;
    }

    /// <summary>The key that it stands under.</summary>
    public string Name { get; }

    /// <summary>Where it begins.</summary>
    public SourcePosition At => _map.At;

    /// <summary>The keys that are there, in order.</summary>
    public IEnumerable<string> Keys => _map.Entries.Select(static e => e.Key);

    /// <summary>Where a key's value is, or where the section begins when the key is absent.</summary>
    public SourcePosition PositionOf(string key) => _map.TryGet(key, out ConfigEntry? entry) ? entry.Value.At : At;

    /// <summary>Fills an options class; see <see cref="Mortise.Plugins.IPluginRegistrar"/> for what it may
    /// have.</summary>
    /// <exception cref="StackException">Everything that does not fit: unknown keys, wrong types, what the class's own
    /// validation says.</exception>
    public T Bind<T>()
        where T : class, new()
    {
        var problems = new List<Problem>();
        var options = (T)Bind(typeof(T), problems);
        StackException.ThrowIfAny(problems);
        return options;
    }

    internal object Bind(Type type, ICollection<Problem> problems) => new OptionBinder(problems).Bind(type, _map, Name);
}
