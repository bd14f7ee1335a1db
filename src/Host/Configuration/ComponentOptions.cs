namespace Mortise.Host.Configuration;

/// <summary>Sets and shows options of a component by the names that stacks use, for tools that have no stack.</summary>
public static class ComponentOptions
{
    /// <summary>Sets options, checked as a stack's are.</summary>
    /// <param name="options">An instance of the component's options; changed in place.</param>
    /// <param name="settings">Each <c>key=value</c>, the key as in a stack: <c>segmentSize=64KiB</c>.</param>
    /// <param name="origin">Where the settings come from, for messages.</param>
    /// <exception cref="StackException">Everything that is wrong with them.</exception>
    public static void Set(object options, IEnumerable<string> settings, string origin)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(settings);
        var problems = new List<Problem>();
        SourcePosition at = new(origin);
        ConfigMap map = new(at);
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                problems.Add(new Problem(ProblemCode.InvalidValue, at, $"'{setting}' is not key=value"));
                continue;
            }

            map.Set(new ConfigEntry(setting[..equals], at, new ConfigText(setting[(equals + 1)..], false, at)));
        }

        new OptionBinder(problems).Fill(options, map, "options", []);
        StackException.ThrowIfAny(problems);
    }

    /// <summary>All options that have one value, each <c>key=value</c>, in the order of their declaration.</summary>
    public static IReadOnlyList<string> Show(object options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return
        [
            .. OptionProperty.Of(options.GetType())
                .Where(static property => property.ItemType is null && property.IsSingle)
                .Select(property => $"{property.Key}={OptionText.Write(property.Get(options) ?? "")}"),
        ];
    }
}
