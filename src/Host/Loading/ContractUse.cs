using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Mortise.Host.Loading;

/// <summary>Checks from metadata alone that every type and member of the contract that an assembly refers to is
/// there.</summary>
/// <remarks>What the runtime would find out only when the member is first called, which may be in the middle of a
/// recovery, is found out before any code of the plugin runs, and by name.</remarks>
internal static class ContractUse
{
    private static readonly Lazy<ContractSurface> s_contract = new(
        static () => ContractSurface.Read(ContractVersion.Assembly.Location));

    /// <summary>Names what is missing.</summary>
    /// <param name="assemblyPath">An assembly.</param>
    /// <returns>Types and members, in the order of the assembly's tables; empty when all are there or it is no managed
    /// assembly.</returns>
    public static IReadOnlyList<string> Missing(string assemblyPath) =>
        Missing(assemblyPath, ContractVersion.AssemblyName, s_contract.Value);

    /// <summary>The same of another contract.</summary>
    internal static IReadOnlyList<string> Missing(string assemblyPath, string contractPath) =>
        Missing(assemblyPath, Path.GetFileNameWithoutExtension(contractPath), ContractSurface.Read(contractPath));

    private static List<string> Missing(string assemblyPath, string contractName, ContractSurface contract)
    {
        using var file = new PEReader(File.OpenRead(assemblyPath));
        return file.HasMetadata ? Missing(file.GetMetadataReader(), contractName, contract) : [];
    }

    private static List<string> Missing(MetadataReader reader, string contractName, ContractSurface contract)
    {
        var missing = new List<string>();
        var types = new Dictionary<EntityHandle, string>();
        foreach (TypeReferenceHandle handle in reader.TypeReferences)
        {
            if (IsContract(reader, handle, contractName))
            {
                string name = TypeNames.Instance.GetTypeFromReference(reader, handle, 0);
                types.Add(handle, name);
                if (!contract.HasType(name))
                {
                    missing.Add(name);
                }
            }
        }

        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (DeclaringType(reader, member.Parent, types) is not { } type || !contract.HasType(type))
            {
                continue;
            }

            string name = reader.GetString(member.Name);
            string signature = TypeNames.SignatureOf(reader, member);
            if (!contract.HasMember(type, name, signature))
            {
                missing.Add($"{type}.{name} {signature}");
            }
        }

        return missing;
    }

    private static string? DeclaringType(
        MetadataReader reader, EntityHandle parent, Dictionary<EntityHandle, string> types)
    {
        if (parent.Kind == HandleKind.TypeSpecification)
        {
            // A member of a generic type, as seen by one of its instances.
            string instance = reader.GetTypeSpecification((TypeSpecificationHandle)parent)
                .DecodeSignature(TypeNames.Instance, null);
            int arguments = instance.IndexOf('<', StringComparison.Ordinal);
            string definition = arguments < 0 ? instance : instance[..arguments];
            return types.ContainsValue(definition) ? definition : null;
        }

        return types.GetValueOrDefault(parent);
    }

    private static bool IsContract(MetadataReader reader, TypeReferenceHandle handle, string contractName)
    {
        EntityHandle scope = reader.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsContract(reader, (TypeReferenceHandle)scope, contractName),
            HandleKind.AssemblyReference => string.Equals(
                reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name),
                contractName,
                StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
    }

    /// <summary>What the contract offers.</summary>
    private sealed class ContractSurface
    {
        private readonly Dictionary<string, HashSet<string>> _members = new(StringComparer.Ordinal);
        private readonly HashSet<string> _forwarded = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _bases = new(StringComparer.Ordinal);

        public static ContractSurface Read(string path)
        {
            using var file = new PEReader(File.OpenRead(path));
            MetadataReader reader = file.GetMetadataReader();
            var surface = new ContractSurface();
            foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
            {
                TypeDefinition type = reader.GetTypeDefinition(handle);
                string name = TypeNames.Instance.GetTypeFromDefinition(reader, handle, 0);
                var members = new HashSet<string>(StringComparer.Ordinal);
                members.UnionWith(type.GetMethods().Select(reader.GetMethodDefinition)
                    .Select(m => reader.GetString(m.Name)
                        + $" {TypeNames.Text(m.DecodeSignature(TypeNames.Instance, null))}"));
                members.UnionWith(type.GetFields().Select(reader.GetFieldDefinition)
                    .Select(f => $"{reader.GetString(f.Name)} {f.DecodeSignature(TypeNames.Instance, null)}"));
                surface._members.Add(name, members);
                if (!type.BaseType.IsNil && type.BaseType.Kind != HandleKind.TypeSpecification)
                {
                    surface._bases.Add(name, TypeNames.NameOf(reader, type.BaseType));
                }
            }

            foreach (ExportedTypeHandle handle in reader.ExportedTypes)
            {
                ExportedType type = reader.GetExportedType(handle);
                if (type.IsForwarder)
                {
                    surface._forwarded.Add(TypeNames.Qualified(reader.GetString(type.Namespace), reader.GetString(type.Name)));
                }
            }

            return surface;
        }

        public bool HasType(string name) => _members.ContainsKey(name) || IsForwarded(name);

        /// <summary>True for a type that lives elsewhere now; its members are for the runtime to find.</summary>
        private bool IsForwarded(string name) => _forwarded.Contains(name.Split('+')[0]);

        public bool HasMember(string type, string name, string signature)
        {
            for (string? current = type; current is not null; current = _bases.GetValueOrDefault(current))
            {
                if (IsForwarded(current))
                {
                    return true;
                }

                if (!_members.TryGetValue(current, out HashSet<string>? members))
                {
                    // The base is the framework's. Interfaces and static classes have none, or one without members of
                    // note.
                    return current != "System.Object" && current != "System.ValueType" && current != "System.Enum";
                }

                if (members.Contains($"{name} {signature}"))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Writes types by full name, without assemblies: a type is the same wherever it is forwarded
    /// to.</summary>
    private sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public static TypeNames Instance { get; } = new();

        public static string SignatureOf(MetadataReader reader, MemberReference member) =>
            member.GetKind() == MemberReferenceKind.Method
                ? Text(member.DecodeMethodSignature(Instance, null))
                : member.DecodeFieldSignature(Instance, null);

        public static string Text(MethodSignature<string> signature)
        {
            string generic = signature.GenericParameterCount == 0 ? "" : $"`{signature.GenericParameterCount}";
            return $"{generic}({string.Join(", ", signature.ParameterTypes)}) : {signature.ReturnType}";
        }

        public static string NameOf(MetadataReader reader, EntityHandle type) => type.Kind == HandleKind.TypeReference
            ? Instance.GetTypeFromReference(reader, (TypeReferenceHandle)type, 0)
            : Instance.GetTypeFromDefinition(reader, (TypeDefinitionHandle)type, 0);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            TypeReference type = reader.GetTypeReference(handle);
            string name = reader.GetString(type.Name);
            return type.ResolutionScope.Kind == HandleKind.TypeReference
                ? $"{GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0)}+{name}"
                : Qualified(reader.GetString(type.Namespace), name);
        }

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            string name = reader.GetString(type.Name);
            return type.IsNested
                ? $"{GetTypeFromDefinition(reader, type.GetDeclaringType(), 0)}+{name}"
                : Qualified(reader.GetString(type.Namespace), name);
        }

        public string GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

        public string GetSZArrayType(string elementType) => $"{elementType}[]";

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

        public string GetByReferenceType(string elementType) => $"{elementType}&";

        public string GetPointerType(string elementType) => $"{elementType}*";

        public string GetPinnedType(string elementType) => elementType;

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
            $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

        // An init accessor or an in parameter differs by its modifier, and the runtime tells them apart by it.
        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) =>
            isRequired ? $"{unmodifiedType} modreq({modifier})" : unmodifiedType;

        public string GetFunctionPointerType(MethodSignature<string> signature) => $"fn{Text(signature)}";

        public static string Qualified(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";
    }
}
