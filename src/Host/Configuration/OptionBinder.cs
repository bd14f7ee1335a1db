using Mortise.Plugins;

namespace Mortise.Host.Configuration;

/// <summary>Fills an options class from a mapping and reports everything that does not fit.</summary>
/// <param name="problems">Receives what is wrong.</param>
internal sealed class OptionBinder(ICollection<Problem> problems)
{
    /// <summary>Makes and fills an instance.</summary>
    /// <param name="type">A class with a constructor without parameters.</param>
    /// <param name="map">The mapping.</param>
    /// <param name="place">How messages call the mapping: <c>wal</c>, <c>indexes.id</c>.</param>
    /// <param name="elsewhere">Keys of the mapping that somebody else reads.</param>
    /// <returns>The instance, with defaults where values do not fit.</returns>
    public object Bind(Type type, ConfigMap map, string place, IReadOnlyCollection<string>? elsewhere = null)
    {
        object options = Activator.CreateInstance(type)!;
        Fill(options, map, place, elsewhere ?? []);
        return options;
    }

    /// <summary>Fills an instance.</summary>
    public void Fill(object options, ConfigMap map, string place, IReadOnlyCollection<string> elsewhere)
    {
        IReadOnlyList<OptionProperty> properties = OptionProperty.Of(options.GetType());
        var wrong = new HashSet<string>(StringComparer.Ordinal);
        foreach (ConfigEntry entry in map.Entries)
        {
            if (elsewhere.Contains(entry.Key))
            {
                continue;
            }

            OptionProperty? property = properties.FirstOrDefault(p => p.Key == entry.Key);
            if (property is null)
            {
                problems.Add(new Problem(
                    ProblemCode.UnknownKey,
                    entry.KeyAt,
                    $"unknown key '{entry.Key}' in {place}"
                    + Suggestion.For(entry.Key, [.. properties.Select(static p => p.Key), .. elsewhere])));
            }
            else if (Read(property, entry.Value, $"{place}.{entry.Key}") is { } value)
            {
                property.Set(options, value);
            }
            else
            {
                wrong.Add(property.Name);
            }
        }

        foreach (OptionProperty property in properties.Where(p => p.IsRequired && !map.TryGet(p.Key, out _)))
        {
            problems.Add(new Problem(
                ProblemCode.MissingKey, map.At, $"missing key '{property.Key}' in {place}: {Describe(property)}"));
            wrong.Add(property.Name);
        }

        Validate(options, map, place, wrong);
    }

    private static string Describe(OptionProperty property) =>
        property.ItemType is null ? DescribeOne(property.ValueType) : $"a list of {DescribeOne(property.ValueType)}";

    private static string DescribeOne(Type type) => OptionText.IsSingle(type) ? OptionText.Describe(type) : "a mapping";

    private object? Read(OptionProperty property, ConfigNode node, string place)
    {
        if (property.ItemType is null)
        {
            return ReadOne(property.ValueType, node, place);
        }

        if (node is not ConfigList list)
        {
            problems.Add(new Problem(
                ProblemCode.WrongType, node.At, $"{place} is {node.Description}, not {Describe(property)}"));
            return null;
        }

        var items = new List<object>();
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (ReadOne(property.ValueType, list.Items[i], $"{place}[{i}]") is { } item)
            {
                items.Add(item);
            }
        }

        return items.Count == list.Items.Count ? property.MakeList(items) : null;
    }

    private object? ReadOne(Type type, ConfigNode node, string place)
    {
        if (OptionText.IsSingle(type))
        {
            if (node is ConfigText text && OptionText.TryRead(type, text, out object? value))
            {
                return value;
            }

            string quoted = node is ConfigText { IsQuoted: true } ? " in quotes" : "";
            problems.Add(new Problem(
                ProblemCode.WrongType,
                node.At,
                $"{place} is {node.Description}{quoted}, not {OptionText.Describe(type)}"));
            return null;
        }

        if (node is ConfigMap map)
        {
            int before = problems.Count;
            object nested = Bind(type, map, place);
            return problems.Count == before ? nested : null;
        }

        problems.Add(new Problem(ProblemCode.WrongType, node.At, $"{place} is {node.Description}, not a mapping"));
        return null;
    }

    private void Validate(object options, ConfigMap map, string place, HashSet<string> wrong)
    {
        if (options is not IValidatedOptions validated)
        {
            return;
        }

        try
        {
            foreach (OptionProblem problem in validated.Validate())
            {
                // A value that could not be read was replaced by its default: what is said of it was not written.
                if (problem.Option is null || !wrong.Contains(problem.Option))
                {
                    string key = OptionText.Camel(string.IsNullOrEmpty(problem.Option) ? "options" : problem.Option);
                    SourcePosition at = map.TryGet(key, out ConfigEntry? entry) ? entry.Value.At : map.At;
                    problems.Add(new Problem(ProblemCode.InvalidValue, at, $"{place}.{key} {problem.Message}"));
                }
            }
        }
#pragma warning disable CA1031 // A plugin's code: whatever it throws is its fault, and the other problems still count.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            problems.Add(new Problem(
                ProblemCode.LoadFailed,
                map.At,
                $"{place}: the plugin's check of its options failed: {e.GetType().Name}: {e.Message}"));
        }
    }
}
