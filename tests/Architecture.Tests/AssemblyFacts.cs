using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Mortise.Architecture.Tests;

/// <summary>What an assembly file says about itself, read without loading it.</summary>
internal sealed class AssemblyFacts
{
    private AssemblyFacts(MetadataReader reader)
    {
        AssemblyDefinition definition = reader.GetAssemblyDefinition();
        Name = reader.GetString(definition.Name);
        Version = definition.Version;
        References =
        [
            .. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name)),
        ];
        Types = reader.TypeDefinitions.Select(handle => reader.GetTypeDefinition(handle))
            .ToLookup(type => Plain(reader.GetString(type.Name)), type => MembersOf(reader, type));
        PublicTypes =
        [
            .. reader.TypeDefinitions.Select(handle => reader.GetTypeDefinition(handle))
                .Where(type => (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public)
                .Select(type => $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}"),
        ];
    }

    public string Name { get; }

    public Version Version { get; }

    public IReadOnlyList<string> References { get; }

    public IReadOnlyList<string> PublicTypes { get; }

    /// <summary>Member names by type name without arity; several types may share a name.</summary>
    public ILookup<string, HashSet<string>> Types { get; }

    public static AssemblyFacts Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        return new AssemblyFacts(file.GetMetadataReader());
    }

    /// <summary>False for native libraries, which have no metadata.</summary>
    public static bool IsManaged(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        return file.HasMetadata;
    }

    private static string Plain(string name) => name.Split('`')[0];

    private static HashSet<string> MembersOf(MetadataReader reader, TypeDefinition type) =>
    [
        .. type.GetMethods().Select(handle => reader.GetString(reader.GetMethodDefinition(handle).Name)),
        .. type.GetProperties().Select(handle => reader.GetString(reader.GetPropertyDefinition(handle).Name)),
        .. type.GetFields().Select(handle => reader.GetString(reader.GetFieldDefinition(handle).Name)),
    ];
}
