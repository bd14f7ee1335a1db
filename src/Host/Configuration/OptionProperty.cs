using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Mortise.Host.Configuration;

/// <summary>One settable property of an options class.</summary>
internal sealed class OptionProperty
{
    private readonly PropertyInfo _property;

    private OptionProperty(PropertyInfo property)
    {
        _property = property;
        Key = OptionText.Camel(property.Name);
        IsRequired = property.IsDefined(typeof(RequiredMemberAttribute), inherit: false);
        Type type = property.PropertyType;
        ItemType = ItemOf(type);
        ValueType = Nullable.GetUnderlyingType(ItemType ?? type) ?? ItemType ?? type;
    }

    /// <summary>The name in a stack.</summary>
    public string Key { get; }

    /// <summary>The name in C#.</summary>
    public string Name => _property.Name;

    /// <summary>The type of the value, or of an item when it is a list.</summary>
    public Type ValueType { get; }

    /// <summary>The type of an item when it is a list, else null.</summary>
    public Type? ItemType { get; }

    /// <summary>True when a value, or an item of the list, is a single word.</summary>
    public bool IsSingle => OptionText.IsSingle(ValueType);

    /// <summary>True when the class says <c>required</c>.</summary>
    public bool IsRequired { get; }

    /// <summary>The options of a class, in the order of their declaration.</summary>
    public static IReadOnlyList<OptionProperty> Of(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(static p => p.SetMethod is { IsPublic: true } && p.GetMethod is { IsPublic: true }
                && p.GetIndexParameters().Length == 0)
            .Select(static p => new OptionProperty(p)),
    ];

    public object? Get(object options) => _property.GetValue(options);

    public void Set(object options, object? value) => _property.SetValue(options, value);

    /// <summary>Makes what the property takes from items: an array or a list.</summary>
    public object MakeList(IReadOnlyList<object> items)
    {
        var array = Array.CreateInstance(ItemType!, items.Count);
        for (int i = 0; i < items.Count; i++)
        {
            array.SetValue(items[i], i);
        }

        Type type = _property.PropertyType;
        return type.IsAssignableFrom(array.GetType())
            ? array
            : (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(ItemType!), array)!;
    }

    private static Type? ItemOf(Type type)
    {
        if (type.IsArray)
        {
            return type.GetElementType();
        }

        bool isList = type.IsGenericType && type.GetGenericArguments().Length == 1
            && typeof(IEnumerable).IsAssignableFrom(type)
            && type.IsAssignableFrom(typeof(List<>).MakeGenericType(type.GetGenericArguments()));
        return isList ? type.GetGenericArguments()[0] : null;
    }
}
