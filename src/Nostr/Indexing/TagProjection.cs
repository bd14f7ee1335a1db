using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>tag</c>: letter (1), value (2 to 514, see <see cref="IndexedValue"/>), order (16). A key for the first
/// value of every tag whose name is a single letter. Two variants put the kind (2) or the author (32) before the
/// order.</summary>
internal sealed class TagProjection(string name, TagProjection.Second second)
    : EventProjection(name, LocationPlacement.InKey, 1 + IndexedValue.MaxBytes + IdSet.ValueBytes + OrderKey.Bytes)
{
    /// <summary>What stands between the value and the order.</summary>
    public enum Second
    {
        None = 0,
        Kind = 1,
        Author = 2,
    }

    public override void Offer(Filter filter, PathOffers offers)
    {
        int seconds = second switch
        {
            Second.Kind => filter.Kinds?.Count ?? 0,
            Second.Author => filter.Authors?.Count ?? 0,
            _ => 1,
        };
        FilterConditions decides = second switch
        {
            Second.Kind => FilterConditions.Kinds,
            Second.Author => FilterConditions.Authors,
            _ => FilterConditions.None,
        };
        Span<byte> prefix = stackalloc byte[MaxKeyBytes];
        foreach (TagCondition tag in filter.TagSpan)
        {
            if (!offers.TryBegin(decides | FilterConditions.Tag(tag.Letter), (long)tag.Count * seconds))
            {
                continue;
            }

            prefix[0] = tag.Letter;
            foreach (byte[] value in tag.Keys)
            {
                value.CopyTo(prefix[1..]);
                for (int i = 0; i < seconds; i++)
                {
                    int length = 1 + value.Length;
                    length += second switch
                    {
                        Second.Kind => WriteKind(filter.Kinds![i], prefix[length..]),
                        Second.Author => WriteAuthor(filter.Authors![i], prefix[length..]),
                        _ => 0,
                    };
                    offers.Add(prefix[..length]);
                }
            }
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (EventTags.TryGetIndexed(tag, out byte letter, out TagValue value))
            {
                key[0] = letter;
                int length = 1 + EventTags.WriteValue(value, key[1..]);
                length += second switch
                {
                    Second.Kind => WriteKind(@event.Kind, key[length..]),
                    Second.Author => WriteAuthor(@event.PublicKey, key[length..]),
                    _ => 0,
                };
                EmitOrdered(@event, key, length, sink);
            }
        }
    }

    private static int WriteKind(int kind, Span<byte> to)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)kind);
        return sizeof(ushort);
    }

    private static int WriteAuthor(ReadOnlySpan<byte> author, Span<byte> to)
    {
        author.CopyTo(to);
        return IdSet.ValueBytes;
    }
}
