using System.Buffers.Binary;
using System.Text;
using Mortise.Nostr;

namespace Mortise.Bench.Workload;

/// <summary>The queries of one shape.</summary>
public sealed class QuerySection
{
    private readonly Filter[]? _filters;
    private readonly byte[] _ids;

    private QuerySection(QueryShape shape, int count, Filter[]? filters, byte[] ids)
    {
        Shape = shape;
        Count = count;
        _filters = filters;
        _ids = ids;
    }

    /// <summary>The shape.</summary>
    public QueryShape Shape { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>A name for tables, the one that the rivals print.</summary>
    public string Name => Shape switch
    {
        QueryShape.PointHit => "point_hit",
        QueryShape.PointMiss => "point_miss",
        QueryShape.Author => "author20",
        QueryShape.Kind => "kind500",
        QueryShape.Tag => "tag100",
        _ => "merge100x100",
    };

    /// <summary>True when each query is the lookup of one id.</summary>
    internal bool IsPoint => _filters is null;

    /// <summary>The id that a lookup looks for.</summary>
    internal ReadOnlySpan<byte> Id(int index) =>
        _ids.AsSpan(index * WorkloadFormat.KeyBytes, WorkloadFormat.KeyBytes);

    /// <summary>The filter of a query that is no lookup, in a list as the store wants it.</summary>
    internal Filter Filter(int index) => _filters![index];

    internal static QuerySection Make(QueryShape shape, ReadOnlySpan<byte> entries, int count, int limit)
    {
        if (shape is QueryShape.PointHit or QueryShape.PointMiss)
        {
            return new QuerySection(shape, count, null, entries.ToArray());
        }

        var filters = new Filter[count];
        int entryBytes = count == 0 ? 0 : entries.Length / count;
        for (int i = 0; i < count; i++)
        {
            filters[i] = Make(shape, entries.Slice(i * entryBytes, entryBytes), limit);
        }

        return new QuerySection(shape, count, filters, []);
    }

    private static Filter Make(QueryShape shape, ReadOnlySpan<byte> entry, int limit)
    {
        switch (shape)
        {
            case QueryShape.Author or QueryShape.Merge:
                return new Filter { Authors = IdSet.FromBytes(entry), Limit = limit };
            case QueryShape.Kind:
                return new Filter
                {
                    Kinds = KindSet.Of((int)BinaryPrimitives.ReadUInt32LittleEndian(entry)),
                    Since = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]),
                    Until = BinaryPrimitives.ReadInt64LittleEndian(entry[16..]),
                    Limit = limit,
                };
            default:
                ReadOnlySpan<byte> value = entry.Slice(8, entry[1]);
                string text = WorkloadEvent.IsHex(entry[0])
                    ? Convert.ToHexStringLower(value)
                    : Encoding.ASCII.GetString(value);
                return new Filter { Tags = [TagCondition.Of((char)entry[0], text)], Limit = limit };
        }
    }
}
