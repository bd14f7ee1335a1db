using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Engine.Tests;

internal static class TestProjections
{
    public static Dictionary<string, IKeyProjection> All => new()
    {
        ["id"] = new IdProjection(),
        ["group"] = new GroupProjection(),
    };

    private sealed class IdProjection : IKeyProjection
    {
        public string Name => "id";

        public int FormatVersion => 1;

        public LocationPlacement Placement => LocationPlacement.InValue;

        public int MaxKeyBytes => sizeof(long);

        public void Project(ReadOnlySpan<byte> record, IKeySink sink) =>
            sink.Emit(TestRecord.Ordinal(record), record[..sizeof(long)]);
    }

    /// <summary>Group, then the newest ordinal first.</summary>
    private sealed class GroupProjection : IKeyProjection
    {
        public string Name => "group";

        public int FormatVersion => 1;

        public LocationPlacement Placement => LocationPlacement.InKey;

        public int MaxKeyBytes => 2 * sizeof(long);

        public void Project(ReadOnlySpan<byte> record, IKeySink sink)
        {
            Span<byte> key = stackalloc byte[2 * sizeof(long)];
            record.Slice(8, sizeof(long)).CopyTo(key);
            BinaryPrimitives.WriteInt64BigEndian(key[8..], ~TestRecord.Ordinal(record));
            sink.Emit(TestRecord.Ordinal(record), key);
        }
    }
}
