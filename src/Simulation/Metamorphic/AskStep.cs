using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Simulation;

/// <summary>Asks the store something. The answer tells records, never where they are, so that it does not depend on the
/// stack.</summary>
public abstract record AskStep : SimStep
{
    /// <summary>The answer, as text.</summary>
    internal abstract string Ask(StoreView view);

    /// <summary>Tells entries up to a limit, and on to the end of the last ones whose keys are equal but for the
    /// location; those are told in the order of their ids.</summary>
    /// <param name="view">The view of the cursor.</param>
    /// <param name="cursor">The cursor.</param>
    /// <param name="isAtEntry">True when the cursor stands on an entry that is to be told too.</param>
    /// <param name="limit">How many.</param>
    private protected static string Tell(StoreView view, FamilyCursor cursor, bool isAtEntry, int limit)
    {
        var answer = new StringBuilder();
        var equal = new SortedSet<string>(StringComparer.Ordinal);
        byte[] last = [];
        int told = 0;
        for (bool more = isAtEntry || cursor.MoveNext(); more; more = cursor.MoveNext())
        {
            if (!cursor.Key.SequenceEqual(last))
            {
                Flush();
                if (told >= limit)
                {
                    return answer.ToString();
                }

                last = cursor.Key.ToArray();
            }

            told++;
            equal.Add(cursor.Inline.IsEmpty ? Tell(view, cursor.Location) : Tell(cursor.Inline));
        }

        Flush();
        return answer.Append("end").ToString();

        void Flush()
        {
            foreach (string record in equal)
            {
                answer.Append(record).Append(' ');
            }

            equal.Clear();
        }
    }

    private protected static string Tell(StoreView view, RecordLocation location)
    {
        using RecordLease lease = view.Records.Read(location);
        return Tell(lease.Bytes);
    }

    /// <summary>A record by its facts and a checksum of its bytes.</summary>
    private static string Tell(ReadOnlySpan<byte> record)
    {
        uint sum = 0;
        foreach (byte each in record)
        {
            sum = (sum * 31) + each;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{SimRecord.Id(record)}/{SimRecord.Group(record)}/{SimRecord.Ordinal(record)}/{record.Length}x{sum:x8}");
    }
}

/// <summary>Asks for the record of an id.</summary>
/// <param name="Id">The id.</param>
public sealed record AskIdStep(long Id) : AskStep
{
    internal override string Ask(StoreView view) =>
        view.Families[0].TryFind(SimRecord.IdKey(Id), out RecordLocation location) ? Tell(view, location) : "none";
}

/// <summary>Asks for a range of ids in the order of their keys.</summary>
/// <param name="From">The first wanted.</param>
/// <param name="To">The first not wanted.</param>
/// <param name="IsBackward">True for descending keys.</param>
/// <param name="Limit">How many.</param>
public sealed record AskIdsStep(long From, long To, bool IsBackward, int Limit) : AskStep
{
    internal override string Ask(StoreView view)
    {
        using FamilyCursor cursor = view.Families[0].OpenCursor(
            new KeyRange(SimRecord.IdKey(From), SimRecord.IdKey(To)),
            OrdinalRange.All,
            EntryOrder.ByKey,
            IsBackward ? ScanDirection.Backward : ScanDirection.Forward);
        return Tell(view, cursor, isAtEntry: false, Limit);
    }
}

/// <summary>Asks a family of groups for one group, as a client asks for what is new.</summary>
/// <param name="Family">Which of the families of groups, modulo how many there are.</param>
/// <param name="Group">The group.</param>
/// <param name="Since">The oldest ordinal wanted, 0 and up.</param>
/// <param name="Until">The newest.</param>
/// <param name="IsBackward">True for the oldest first.</param>
/// <param name="SeekTo">An ordinal to seek to first, newest first only; -1 for none.</param>
/// <param name="Limit">How many.</param>
public sealed record AskGroupStep(
    int Family, long Group, long Since, long Until, bool IsBackward, long SeekTo, int Limit) : AskStep
{
    private static readonly byte[] s_behindEveryLocation = [255, 255, 255, 255, 255, 255, 255, 255, 255];

    internal override string Ask(StoreView view)
    {
        FamilyView family = view.Families[1 + (Family % (view.Families.Count - 1))];

        byte[] end = [.. Key(Group, Since), .. s_behindEveryLocation];
        var range = new KeyRange(Key(Group, Until), end);
        using FamilyCursor cursor = IsBackward
            ? family.OpenCursor(range, new OrdinalRange(Since, Until), EntryOrder.ByKey, ScanDirection.Backward)
            : family.OpenCursor(range, new OrdinalRange(Since, Until), EntryOrder.NewestFirst);
        if (IsBackward || SeekTo < 0)
        {
            return Tell(view, cursor, isAtEntry: false, Limit);
        }

        return cursor.Seek(Key(Group, SeekTo)) ? Tell(view, cursor, isAtEntry: true, Limit) : "end";
    }

    private static byte[] Key(long group, long ordinal)
    {
        byte[] key = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, group);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(sizeof(long)), ~ordinal);
        return key;
    }
}

/// <summary>Asks how many entries all families hold.</summary>
public sealed record AskCountStep : AskStep
{
    internal override string Ask(StoreView view) => string.Join(' ', view.Families.Select(family =>
    {
        long entries = 0;
        using FamilyCursor cursor = family.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
        while (cursor.MoveNext())
        {
            entries++;
        }

        return entries;
    }));
}
