using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Mortise.Conformance;

/// <summary>Reads the code that a type can reach in its own assembly, and lists what it must not call.</summary>
/// <remarks>Reads code, runs none of it. It sees calls, not reflection: a proof of carelessness, not of
/// malice.</remarks>
public static class BypassScan
{
    private const BindingFlags Every =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    private static readonly OpCode[] s_oneByte = new OpCode[256];
    private static readonly OpCode[] s_twoBytes = new OpCode[256];

    private static readonly HashSet<string> s_types =
    [
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.Directory",
        "System.IO.DirectoryInfo",
        "System.IO.RandomAccess", "System.IO.FileSystemWatcher", "System.IO.MemoryMappedFiles.MemoryMappedFile",
        "System.Diagnostics.Process", "System.Threading.Thread", "System.Threading.Timer",
        "System.Threading.PeriodicTimer", "System.Timers.Timer", "System.Net.Sockets.Socket",
        "System.Runtime.InteropServices.NativeLibrary",
    ];

    private static readonly HashSet<string> s_members =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTimeOffset.get_Now",
        "System.DateTimeOffset.get_UtcNow", "System.Random.get_Shared", "System.Guid.NewGuid",
        "System.TimeProvider.get_System",
    ];

    /// <summary>What a thread-agnostic component may use of <see cref="Thread"/>.</summary>
    private static readonly HashSet<string> s_harmless =
    [
        "System.Threading.Thread.Yield", "System.Threading.Thread.SpinWait", "System.Threading.Thread.MemoryBarrier",
        "System.Threading.Thread.get_CurrentThread", "System.Threading.Thread.get_ManagedThreadId",
        "System.Threading.Thread.GetCurrentProcessorId",
    ];

    static BypassScan()
    {
        foreach (FieldInfo field in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            OpCode code = (OpCode)field.GetValue(null)!;
            (code.Size == 1 ? s_oneByte : s_twoBytes)[code.Value & 0xFF] = code;
        }
    }

    /// <summary>All forbidden calls that code reachable from a type contains, as <c>caller: callee</c>.</summary>
    /// <param name="component">The component's own type.</param>
    /// <param name="alsoRandomizedHashes">True to list hashes that differ between processes as well.</param>
    public static IReadOnlyList<string> Of(Type component, bool alsoRandomizedHashes = false)
    {
        ArgumentNullException.ThrowIfNull(component);
        SortedSet<string> found = new(StringComparer.Ordinal);
        HashSet<Type> seen = [];
        Queue<Type> reachable = new([component]);
        while (reachable.TryDequeue(out Type? type))
        {
            if (type.Assembly != component.Assembly || !seen.Add(type))
            {
                continue;
            }

            foreach (Type nested in type.GetNestedTypes(Every))
            {
                reachable.Enqueue(nested);
            }

            foreach (MethodBase method in (MethodBase[])[.. type.GetMethods(Every), .. type.GetConstructors(Every)])
            {
                if ((method.Attributes & MethodAttributes.PinvokeImpl) != 0)
                {
                    found.Add($"{type.FullName}.{method.Name}: native code");
                }

                foreach (MemberInfo member in Members(method))
                {
                    Type? owner = member as Type ?? member.DeclaringType;
                    owner = owner is { IsGenericType: true } ? owner.GetGenericTypeDefinition() : owner;
                    if (owner is not null)
                    {
                        Look(owner, member, $"{type.FullName}.{method.Name}", found, alsoRandomizedHashes);
                        reachable.Enqueue(owner);
                    }
                }
            }
        }

        return [.. found];
    }

    private static void Look(Type owner, MemberInfo member, string caller, SortedSet<string> found, bool hashes)
    {
        if (member is not MethodBase callee)
        {
            return;
        }

        string name = $"{owner.FullName}.{callee.Name}";
        bool unseeded = owner == typeof(Random) && callee is ConstructorInfo && callee.GetParameters().Length == 0;
        bool named = owner == typeof(StreamWriter) && callee is ConstructorInfo
            && callee.GetParameters()[0].ParameterType == typeof(string);
        bool randomized = hashes && (
            owner == typeof(HashCode) || name is "System.String.GetHashCode" or "System.Object.GetHashCode");
        if (randomized || (s_types.Contains(owner.FullName!) && !s_harmless.Contains(name)) || s_members.Contains(name)
            || unseeded || named)
        {
            found.Add($"{caller}: {name}");
        }
    }

    private static List<MemberInfo> Members(MethodBase method)
    {
        List<MemberInfo> members = [];
        byte[]? code = method.GetMethodBody()?.GetILAsByteArray();
        Type[]? typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        Type[]? methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; code is not null && at < code.Length;)
        {
            OpCode op = code[at] == 0xFE ? s_twoBytes[code[at + 1]] : s_oneByte[code[at]];
            at += op.Size;
            if (op.OperandType is OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                int token = BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at));
                if (method.Module.ResolveMember(token, typeArguments, methodArguments) is { } member)
                {
                    members.Add(member);
                }
            }

            at += op.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)),
                _ => 4,
            };
        }

        return members;
    }
}
