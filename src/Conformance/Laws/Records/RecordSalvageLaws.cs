using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IRecordSalvage"/>.</summary>
internal static class RecordSalvageLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        Add(
            "RV1",
            "A salvage of a sound store gives what a scan gives, in both directions, and reports nothing; a "
                + "sink that returns false stops it, and what a sink throws passes unchanged.",
            Sound,
            LawNeeds.Salvage);
        Add(
            "RV2",
            "In a damaged store that opens, a salvage gives live records only, as they were put, the same in "
                + "both directions; it reports the place when one is missing, and a damaged region costs the "
                + "records in it and no others.",
            Damaged,
            LawNeeds.Salvage | LawNeeds.Persistence | LawNeeds.SimulatedFiles);

        void Add(
            string id, string text, Action<LawRun, ComponentSubject<IRecordStore>> check, LawNeeds needs) =>
            suite.Add(RecordLaws.Must(id, text, needs), check);
    }

    private static void Sound(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, journal);
        using Session<IRecordStore> session = new(subject, world);
        foreach (ScanDirection direction in Enum.GetValues<ScanDirection>())
        {
            List<ReadRecord> scanned = RecordReading.Scan(session.Component, direction);
            (List<ReadRecord> given, List<Finding> found) = Salvage(session.Component, direction);
            LawRun.Require(found.Count == 0, $"{direction}: in a sound store it reports {found.FirstOrDefault()}");
            LawRun.Require(
                Same(given, scanned),
                $"{direction}: a salvage gives {given.Count} records, a scan {scanned.Count} others");
            LawRun.Require(
                Same(Salvage(session.Component, direction, stopAfter: 2).Given, scanned[..2]),
                $"{direction}: a sink that stops at the second record is given others");
        }

        var thrower = new Thrower();
        LawRun.Throws<SinkException>(
            () => Of(session.Component).Salvage(ScanDirection.Forward, static _ => { }, ref thrower),
            "a sink that throws");
        RecordReading.SameWhole(journal.States[^1], session.Component, "after a sink that threw");
    }

    private static void Damaged(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, journal);
        Random random = Seeds.Generator(run.Seed);
        bool isPlain = RecordDamage.IsPlain(world.Disk, journal.States[^1].Values);
        int lost = 0;
        for (int i = 0; i < run.Scale(150, 1500, 15000); i++)
        {
            using SimWorld damaged = world.AfterProcessDeath();
            RecordDamage damage = RecordDamage.Choose(damaged.Disk, random);
            if (damage.ApplyTo(damaged.Disk) && OpensDespite(subject, damaged) is { } opened)
            {
                using (opened)
                {
                    lost += Check(opened, journal.States[^1], damage, isPlain);
                }
            }
        }

        LawRun.Require(lost > 0, "with no damage of a record did the store open: there is nothing to salvage around");
    }

    private static int Check(
        Session<IRecordStore> session,
        ImmutableSortedDictionary<ulong, KnownRecord> state,
        RecordDamage damage,
        bool isPlain)
    {
        (List<ReadRecord> forward, List<Finding> found) = Salvage(session.Component, ScanDirection.Forward);
        (List<ReadRecord> backward, List<Finding> foundBackward) = Salvage(session.Component, ScanDirection.Backward);
        ulong last = 0;
        foreach (ReadRecord read in forward)
        {
            LawRun.Require(
                state.TryGetValue(read.Location, out KnownRecord? known) && !known.IsDeleted && read.Equals(known),
                $"{damage}: a salvage gives {read}, which is no live record");
            LawRun.Require(read.Location > last, $"{damage}: {read} comes after {last:x}");
            last = read.Location;
        }

        backward.Reverse();
        LawRun.Require(
            Same(forward, backward),
            $"{damage}: forward gives {forward.Count} records, backward {backward.Count} or others");
        ulong[] given = [.. forward.Select(static read => read.Location)];
        IEnumerable<ulong> live = state.Where(static known => !known.Value.IsDeleted).Select(static known => known.Key);
        ulong[] lost = [.. live.Except(given)];
        LawRun.Require(
            lost.Length == 0 || (found.Count > 0 && foundBackward.Count > 0),
            $"{damage}: {lost.Length} records are missing silently");
        LawRun.Require(
            found.TrueForAll(static finding => finding.File.Length > 0), $"{damage}: a report names no file");
        damage.RequireCost(lost, given, isPlain);
        return lost.Length;
    }

    /// <returns>Null when the store refuses to open, as it may.</returns>
    private static Session<IRecordStore>? OpensDespite(ComponentSubject<IRecordStore> subject, SimWorld damaged)
    {
        try
        {
            return new Session<IRecordStore>(subject, damaged);
        }
        catch (StorageException)
        {
            return null;
        }
    }

    private static (List<ReadRecord> Given, List<Finding> Found) Salvage(
        IRecordStore store, ScanDirection direction, int stopAfter = int.MaxValue)
    {
        RecordCollector sink = new() { StopAfter = stopAfter };
        List<Finding> found = [];
        Of(store).Salvage(direction, found.Add, ref sink);
        return (sink.Records, found);
    }

    private static IRecordSalvage Of(IRecordStore store) =>
        store.TryGet(out IRecordSalvage? salvage)
            ? salvage
            : throw new LawBrokenException("it offered IRecordSalvage before, and does not now");

    private static bool Same(List<ReadRecord> one, List<ReadRecord> other) =>
        one.Count == other.Count
        && one.Zip(other).All(static pair =>
            pair.First.Location == pair.Second.Location
            && pair.First.Info.Lsn == pair.Second.Info.Lsn
            && pair.First.Body.AsSpan().SequenceEqual(pair.Second.Body));

    private struct Thrower : IRecordSink
    {
        public readonly bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info) =>
            throw new SinkException();
    }

    private sealed class SinkException : Exception;
}
