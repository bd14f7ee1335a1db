using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Mortise.Architecture.Tests;

/// <summary>Prints the public surface of an assembly, one member a line, in an order that does not change.</summary>
internal static class ApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext s_nullability = new();

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            IEnumerable<string> members = type.IsEnum
                ? Enum.GetNames(type).Select(name => string.Create(
                    CultureInfo.InvariantCulture, $"{name} = {Convert.ToInt64(Enum.Parse(type, name), null)}"))
                : typeof(Delegate).IsAssignableFrom(type) ? [Signature(type.GetMethod("Invoke")!)] : Members(type);
            foreach (string member in members.Order(StringComparer.Ordinal))
            {
                text.Append("  ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        string kind = type.IsEnum ? $"enum : {TypeName(Enum.GetUnderlyingType(type))}"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type.IsInterface ? "interface"
            : type.IsByRefLike ? "ref struct"
            : type.IsValueType ? "struct"
            : type.IsAbstract && type.IsSealed ? "static class"
            : type.IsSealed ? "sealed class"
            : type.IsAbstract ? "abstract class" : "class";
        string only = Has(type.CustomAttributes, "IsReadOnlyAttribute") ? "readonly " : "";
        string bases = string.Join(", ", type.GetInterfaces().Select(TypeName).Order(StringComparer.Ordinal));
        return $"{only}{kind} {type.Namespace}.{TypeName(type)}{Constraints(type.GetGenericArguments())}"
            + (type.IsEnum || bases.Length == 0 ? "" : $" : {bases}");
    }

    private static IEnumerable<string> Members(Type type) =>
        type.GetConstructors(Declared).Where(IsVisible).Select(constructor => $"new({Parameters(constructor)})")
            .Concat(type.GetFields(Declared).Where(field => field.IsPublic).Select(Field))
            .Concat(type.GetProperties(Declared).Where(property => property.GetAccessors().Length > 0).Select(Property))
            .Concat(type.GetEvents(Declared).Where(one => IsVisible(one.AddMethod!)).Select(one => $"event {one.Name}"))
            .Concat(type.GetMethods(Declared).Where(IsVisible).Where(method => !IsAccessor(method) && !IsMadeUp(method))
                .Select(Signature));

    private static string Field(FieldInfo field) =>
        field.IsLiteral
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"const {TypeName(field.FieldType)} {field.Name} = {field.GetRawConstantValue()}")
            : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "")
                + $"{TypeName(field.FieldType)} {field.Name}";

    private static string Property(PropertyInfo property)
    {
        MethodInfo accessor = property.GetMethod ?? property.SetMethod!;
        bool isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers()
            .Contains(typeof(IsExternalInit)) == true;
        string set = property.SetMethod is not { IsPublic: true } ? "" : isInit ? " init;" : " set;";
        string get = property.GetMethod is null ? "" : " get;";
        string required = Has(property.CustomAttributes, "RequiredMemberAttribute") ? "required " : "";
        string type = Nullable(s_nullability.Create(property));
        return $"{Modifiers(accessor)}{required}{type} {property.Name} {{{get}{set} }}";
    }

    private static string Signature(MethodInfo method) =>
        $"{Modifiers(method)}{Nullable(s_nullability.Create(method.ReturnParameter))} {method.Name}"
        + (method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeName))}>" : "")
        + $"({Parameters(method)}){Constraints(method.IsGenericMethod ? method.GetGenericArguments() : [])}";

    private static string Modifiers(MethodInfo method) =>
        method.IsStatic ? (method.IsAbstract ? "static abstract " : "static ")
        : method.DeclaringType!.IsInterface ? (method.IsAbstract ? "" : "default ")
        : method.IsFinal || !method.IsVirtual ? "" : method.GetBaseDefinition() != method ? "override " : "virtual ";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
    {
        string way = parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref " : "";
        string scoped = Has(parameter.CustomAttributes, "ScopedRefAttribute") ? "scoped " : "";
        string attributes = string.Concat(parameter.CustomAttributes.Select(attribute => attribute.AttributeType.Name)
            .Where(name => name.Contains("NotNull", StringComparison.Ordinal)).Select(name => $"[{name[..^9]}] "));
        string value = parameter.HasDefaultValue
            ? string.Create(CultureInfo.InvariantCulture, $" = {parameter.DefaultValue ?? "default"}") : "";
        return $"{attributes}{scoped}{way}{Nullable(s_nullability.Create(parameter))} {parameter.Name}{value}";
    }));

    private static string Constraints(Type[] arguments)
    {
        IEnumerable<string> clauses =
            from argument in arguments
            let attributes = argument.GenericParameterAttributes
            let parts = ((string[])
            [
                attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? "struct" : "",
                attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? "class" : "",
                .. argument.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(TypeName),
                attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint)
                    && !attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? "new()" : "",
                attributes.HasFlag(GenericParameterAttributes.AllowByRefLike) ? "allows ref struct" : "",
            ]).Where(part => part.Length > 0).ToArray()
            where parts.Length > 0
            select $" where {argument.Name} : {string.Join(", ", parts)}";
        return string.Concat(clauses);
    }

    private static string Nullable(NullabilityInfo info)
    {
        Type type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        string name = info.ElementType is not null ? $"{Nullable(info.ElementType)}[]"
            : System.Nullable.GetUnderlyingType(type) is null && info.GenericTypeArguments.Length > 0
                ? $"{Bare(type)}<{string.Join(", ", info.GenericTypeArguments.Select(Nullable))}>"
                : TypeName(type);
        bool canBeNull = !type.IsValueType && info.ReadState == NullabilityState.Nullable;
        return canBeNull ? name + "?" : name;
    }

    private static string TypeName(Type type) =>
        type.IsByRef ? TypeName(type.GetElementType()!)
        : type.IsArray ? TypeName(type.GetElementType()!) + "[]"
        : System.Nullable.GetUnderlyingType(type) is { } underlying ? TypeName(underlying) + "?"
        : type.IsGenericType ? $"{Bare(type)}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>"
        : type.Name;

    private static string Bare(Type type) => type.Name.Split('`')[0];

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MethodInfo method) =>
        method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    // What the compiler writes for every record, and what everything inherits, says nothing about a contract.
    private static bool IsMadeUp(MethodInfo method) =>
        Has(method.CustomAttributes, nameof(CompilerGeneratedAttribute))
        || method.Name is "GetHashCode" or "Equals" or "<Clone>$" or "PrintMembers";

    private static bool Has(IEnumerable<CustomAttributeData> attributes, string name) =>
        attributes.Any(attribute => attribute.AttributeType.Name == name);
}
