using System.Collections;
using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Decorating;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>Writes a resolved stack with every value that is in force, defaults included.</summary>
/// <remarks>The text is a stack itself: reading it back gives the same store, and the same text.</remarks>
public static class StackView
{
    /// <summary>Where comments begin, when the value is not longer.</summary>
    private const int OriginColumn = 44;

    /// <summary>Writes a stack.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="withOrigins">True to say of each value where it was written, or that it is the default.</param>
    public static string Write(ResolvedStack stack, bool withOrigins)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var page = new Page(withOrigins);
        ConfigMap root = stack.Source.Root;
        if (root.TryGet("plugins", out ConfigEntry? plugins) && plugins.Value is ConfigList { Items.Count: > 0 })
        {
            WriteRaw(page, 0, plugins);
        }

        page.Line(0, "engine:");
        ConfigMap? written = root.TryGet("engine", out ConfigEntry? engine) ? engine.Value as ConfigMap : null;
        WriteValues(page, 1, EngineSettings.From(stack.Engine), key => PositionIn(written, key), key => ExpressionIn(written, key));
        WriteComponent(page, 0, "wal", stack.Log);
        WriteComponent(page, 0, "records", stack.Records);
        if (stack.Cache is not null)
        {
            WriteComponent(page, 0, "cache", stack.Cache);
        }

        page.Line(0, stack.Partitions.Count == 0 ? "partitions: {}" : "partitions:");
        foreach ((string name, ResolvedComponent scheme) in stack.Partitions)
        {
            WriteComponent(page, 1, name, scheme);
        }

        if (stack.Projections.Count > 0)
        {
            page.Line(0, "projections:");
        }

        foreach ((string name, ResolvedComponent projection) in stack.Projections)
        {
            WriteComponent(page, 1, name, projection);
        }

        page.Line(0, stack.Families.Count == 0 ? "indexes: {}" : "indexes:");
        foreach (ResolvedFamily family in stack.Families)
        {
            WriteComponent(page, 1, family.Name, family.Structure);
        }

        foreach (StackSection section in stack.Sections)
        {
            WriteRaw(page, 0, root.Entries.Single(e => e.Key == section.Name));
        }

        return page.ToString();
    }

    /// <summary>A family with every value that decides what its files are; equal texts need no rebuild.</summary>
    internal static string WriteFamily(ResolvedFamily family, ResolvedStack stack)
    {
        var page = new Page(withOrigins: false);
        WriteComponent(page, 0, family.Name, family.Structure, isIdentity: true);
        ResolvedComponent scheme = stack.Partitions.Single(p => p.Name == family.Partition).Scheme;
        WriteComponent(page, 0, family.Partition, scheme, isIdentity: true);
        return page.ToString();
    }

    private static void WriteComponent(
        Page page, int depth, string key, ResolvedComponent component, bool isIdentity = false)
    {
        ComponentChoice choice = component.Choice;
        page.Line(depth, $"{key}:");
        PluginOrigin plugin = component.Component.Plugin;
        page.Line(depth + 1, $"plugin: {choice.ComponentId}", $"{plugin}, {plugin.Folder}");
        page.Line(depth + 1, $"version: {Plain(choice.Version!.ToString())}", choice.VersionAt.ToString());
        var decorated = choice.Settings as DecoratedSettings;
        if (isIdentity && decorated is { HasChecksum: true })
        {
            page.Line(depth + 1, "decorate: [checksum]");
        }

        WriteValues(
            page,
            depth + 1,
            choice.Settings,
            choice.WrittenAt,
            choice.ExpressionOf,
            isIdentity && decorated is not null ? DecoratedSettings.Keys : []);
        WriteValues(page, depth + 1, component.Options, choice.WrittenAt, choice.ExpressionOf);
    }

    private static void WriteValues(
        Page page,
        int depth,
        object options,
        Func<string, SourcePosition?> writtenAt,
        Func<string, string?> expressionOf,
        IReadOnlyList<string>? without = null)
    {
        foreach (OptionProperty property in OptionProperty.Of(options.GetType()))
        {
            if (without is not null && without.Contains(property.Key))
            {
                continue;
            }

            string? value = property.Get(options) switch
            {
                null => null,
                object list when property.ItemType is not null && property.IsSingle =>
                    $"[{string.Join(", ", ((IEnumerable)list).Cast<object>().Select(OptionText.Write))}]",
                object single when property.IsSingle => OptionText.Write(single),
                _ => null,
            };
            if (value is not null)
            {
                // What came from the environment or a file may be a secret.
                value = expressionOf(property.Key) ?? value;
                page.Line(depth, $"{property.Key}: {value}", writtenAt(property.Key)?.ToString() ?? "default");
            }
        }
    }

    /// <summary>Writes what the host does not understand as it was written, without its comments.</summary>
    private static void WriteRaw(Page page, int depth, ConfigEntry entry)
    {
        switch (entry.Value)
        {
            case ConfigMap { Entries.Count: > 0 } map:
                page.Line(depth, $"{Plain(entry.Key)}:");
                foreach (ConfigEntry child in map.Entries)
                {
                    WriteRaw(page, depth + 1, child);
                }

                break;
            case ConfigMap:
                page.Line(depth, $"{Plain(entry.Key)}: {{}}", entry.Value.At.ToString());
                break;
            default:
                page.Line(depth, $"{Plain(entry.Key)}: {Flow(entry.Value)}", entry.Value.At.ToString());
                break;
        }
    }

    private static string Flow(ConfigNode node) => node switch
    {
        ConfigText { WrittenExpression: { } expression } => expression,
        ConfigText { IsQuoted: true } text => OptionText.InQuotes(text.Text),
        ConfigText text => Plain(text.Text),
        ConfigList list => $"[{string.Join(", ", list.Items.Select(Flow))}]",
        ConfigMap map => $"{{{string.Join(", ", map.Entries.Select(static e => $"{Plain(e.Key)}: {Flow(e.Value)}"))}}}",
        _ => "",
    };

    /// <summary>An unquoted value as it stands; in quotes when an override put something there that YAML would
    /// misread.</summary>
    private static string Plain(string text) =>
        text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or '^' or '+' or '~')
        && text is not ['-'] and not ['-', '-', '-']
            ? text
            : OptionText.InQuotes(text);

    private static SourcePosition? PositionIn(ConfigMap? map, string key) =>
        map is not null && map.TryGet(key, out ConfigEntry? entry) ? entry.Value.At : null;

    private static string? ExpressionIn(ConfigMap? map, string key) =>
        map is not null && map.TryGet(key, out ConfigEntry? entry) ? (entry.Value as ConfigText)?.WrittenExpression : null;

    private sealed class Page(bool withOrigins)
    {
        private readonly StringBuilder _text = new();

        public void Line(int depth, string text, string? origin = null)
        {
            string line = new string(' ', depth * 2) + text;
            _text.Append(line);
            if (withOrigins && origin is not null)
            {
                _text.Append(' ', Math.Max(1, OriginColumn - line.Length)).Append("# ").Append(origin);
            }

            _text.Append('\n');
        }

        public override string ToString() => _text.ToString();
    }
}
