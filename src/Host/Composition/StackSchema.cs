using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>A JSON Schema of stacks (draft 2020-12), so that an editor can complete and check one while it is
/// typed.</summary>
/// <remarks>It knows the components that it is made from. Names in other spellings that the host accepts for an enum,
/// and what options say of each other, are the host's check alone.</remarks>
internal static class StackSchema
{
    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the schema.</summary>
    /// <param name="components">The components that a stack may name.</param>
    /// <param name="sections">Sections that others understand, with the class of their options where it is
    /// known.</param>
    public static string Write(IReadOnlyList<PluginComponent> components, IDictionary<string, Type?> sections)
    {
        JsonObject Role(ComponentKind kind, Type settings) => RoleOf(components.Where(c => c.Kind == kind), settings);
        JsonObject Named(ComponentKind kind, Type settings) => new()
        {
            ["type"] = "object",
            ["propertyNames"] = new JsonObject { ["pattern"] = "^[a-z0-9-]{1,64}$" },
            ["additionalProperties"] = Role(kind, settings),
        };
        var properties = new JsonObject
        {
            ["plugins"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } },
            ["engine"] = Closed(PropertiesOf(typeof(EngineSettings))),
            ["wal"] = Role(ComponentKind.Log, typeof(LogSettings)),
            ["records"] = Role(ComponentKind.Records, typeof(RecordSettings)),
            ["cache"] = Role(ComponentKind.Cache, typeof(CacheSettings)),
            ["partitions"] = Named(ComponentKind.Partition, typeof(SchemeSettings)),
            ["projections"] = Named(ComponentKind.Projection, typeof(ProjectionSettings)),
            ["indexes"] = Named(ComponentKind.Index, typeof(FamilySettings)),
        };
        foreach ((string name, Type? type) in sections.OrderBy(static s => s.Key, StringComparer.Ordinal))
        {
            properties[name] = type is null ? new JsonObject { ["type"] = "object" } : Closed(PropertiesOf(type));
        }

        JsonObject schema = Closed(properties);
        schema["required"] = new JsonArray("wal", "records", "indexes");
        schema["title"] = "Mortise stack";
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        return schema.ToJsonString(s_indented) + "\n";
    }

    private static JsonObject RoleOf(IEnumerable<PluginComponent> components, Type settings)
    {
        JsonObject properties = PropertiesOf(settings);
        var required = new JsonArray("plugin", "version");
        foreach (OptionProperty property in OptionProperty.Of(settings).Where(static p => p.IsRequired))
        {
            required.Add(property.Key);
        }

        var ids = new JsonArray();
        var options = new JsonArray();

        // Of several versions the newest describes the options; it comes last.
        foreach (IGrouping<string, PluginComponent> versions in components.GroupBy(static c => c.Descriptor.Id))
        {
            PluginComponent newest = versions.MaxBy(static c => c.Plugin.Version)!;
            ids.Add(versions.Key);
            options.Add(new JsonObject
            {
                ["if"] = new JsonObject
                {
                    ["properties"] = new JsonObject { ["plugin"] = new JsonObject { ["const"] = versions.Key } },
                },
                ["then"] = new JsonObject
                {
                    ["description"] = newest.Descriptor.Summary,
                    ["properties"] = PropertiesOf(newest.OptionsType),
                },
            });
        }

        properties["plugin"] = new JsonObject { ["enum"] = ids };
        properties["version"] = new JsonObject
        {
            ["type"] = "string",
            ["description"] = "the versions that are accepted, for example ^1.0",
        };
        var role = new JsonObject
        {
            ["type"] = "object",
            ["required"] = required,
            ["properties"] = properties,
            ["unevaluatedProperties"] = false,
        };
        if (options.Count > 0)
        {
            role["allOf"] = options;
        }

        return role;
    }

    private static JsonObject Closed(JsonObject properties) => new()
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["additionalProperties"] = false,
    };

    private static JsonObject PropertiesOf(Type type)
    {
        object defaults = Activator.CreateInstance(type)!;
        var properties = new JsonObject();
        foreach (OptionProperty property in OptionProperty.Of(type))
        {
            JsonObject one = property.IsSingle
                ? SingleOf(property.ValueType)
                : Closed(PropertiesOf(property.ValueType));
            if (property.ItemType is not null)
            {
                one = new JsonObject { ["type"] = "array", ["items"] = one };
            }
            else if (property.IsSingle && !property.IsRequired && property.Get(defaults) is { } value)
            {
                one["default"] = value switch
                {
                    bool b => JsonValue.Create(b),
                    int or long => JsonValue.Create(Convert.ToInt64(value, null)),
                    double d => JsonValue.Create(d),
                    string s => JsonValue.Create(s),
                    _ => JsonValue.Create(OptionText.Write(value)),
                };
            }

            properties[property.Key] = one;
        }

        return properties;
    }

    private static JsonObject SingleOf(Type type)
    {
        var schema = new JsonObject { ["description"] = OptionText.Describe(type) };
        if (type == typeof(bool))
        {
            schema["type"] = "boolean";
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            schema["type"] = "integer";
        }
        else if (type == typeof(double))
        {
            schema["type"] = "number";
        }
        else if (type == typeof(TimeSpan) || type == typeof(ByteSize))
        {
            // Plain numbers are sizes in bytes, and 0 is no time at all.
            schema["type"] = new JsonArray("string", "integer");
            schema["pattern"] = type == typeof(ByteSize)
                ? "^[0-9]+ ?([kKmMgGtT][iI]?[bB]|[bB])?$"
                : "^(0|[0-9]+ ?(ms|s|m|h|d))$";
        }
        else if (type.IsEnum)
        {
            schema["enum"] = new JsonArray(
                [.. Enum.GetNames(type).Select(static n => JsonValue.Create(OptionText.Kebab(n)))]);
        }
        else
        {
            schema["type"] = "string";
        }

        return schema;
    }
}
