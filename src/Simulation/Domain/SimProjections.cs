using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Simulation;

/// <summary>The two kinds of projection there are: a unique key, and one that many records share.</summary>
public static class SimProjections
{
    /// <summary>The projection of the unique id.</summary>
    public const string Id = "sim-id";

    /// <summary>The projection of the group, newest ordinal first.</summary>
    public const string Group = "sim-group";

    /// <summary>Both, by name.</summary>
    public static IReadOnlyDictionary<string, IKeyProjection> All { get; } = new Dictionary<string, IKeyProjection>
    {
        [Id] = new IdProjection(),
        [Group] = new GroupProjection(),
    };

    private sealed class IdProjection : IKeyProjection
    {
        public string Name => Id;

        public int FormatVersion => 1;

        public LocationPlacement Placement => LocationPlacement.InValue;

        public int MaxKeyBytes => sizeof(long);

        public void Project(ReadOnlySpan<byte> record, IKeySink sink) =>
            sink.Emit(SimRecord.Ordinal(record), record[..sizeof(long)]);
    }

    private sealed class GroupProjection : IKeyProjection
    {
        public string Name => Group;

        public int FormatVersion => 1;

        public LocationPlacement Placement => LocationPlacement.InKey;

        public int MaxKeyBytes => 2 * sizeof(long);

        public void Project(ReadOnlySpan<byte> record, IKeySink sink)
        {
            Span<byte> key = stackalloc byte[2 * sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(key, SimRecord.Group(record));
            BinaryPrimitives.WriteInt64BigEndian(key[sizeof(long)..], ~SimRecord.Ordinal(record));
            sink.Emit(SimRecord.Ordinal(record), key);
        }
    }
}
