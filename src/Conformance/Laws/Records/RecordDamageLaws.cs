using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>What a record store does with bytes that are not what it wrote.</summary>
internal static class RecordDamageLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        suite
            .Add(
                RecordLaws.Must("RS20", "Any single flipped bit in any file: a typed error for what is affected, or "
                    + "no difference; never wrong bytes, never a silent loss."),
                AnyBit)
            .Add(
                RecordLaws.Must("RS23", "Files of another store are refused with ForeignFile, and nothing is changed."),
                Foreign)
            .Add(
                RecordLaws.Must("RS18", "The examiner finds nothing in sound files, reports damage as findings, and "
                    + "throws nothing.", LawNeeds.Examiner),
                Examiner);
    }

    /// <summary>A closed store of four commits, of which one record is deleted; the fourth is durable.</summary>
    internal static SimWorld Written(ComponentSubject<IRecordStore> subject, ulong seed, RecordJournal journal)
    {
        SimWorld world = RecordLaws.World(seed);
        using Session<IRecordStore> session = new(subject, world);
        for (int i = 0; i < 4; i++)
        {
            RecordCommit commit = RecordCommit.Of(
                session.Component, [
                    .. Enumerable.Range(0, 5).Select(k => LogJournal.Payload((ulong)(i * 5 + k + 1), 60 + k))
                ]);
            if (i == 3)
            {
                commit.Deletes.Add(journal.Commits[0].Puts[2].Location);
            }

            commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
        }

        return world;
    }

    private static void AnyBit(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = Written(subject, run.Seed, journal);
        int step = run.Scale(29, 3, 1);
        foreach (string path in world.Disk.FilePaths())
        {
            byte[] bytes = world.Disk.ReadAllBytes(path);
            int written = Math.Min(bytes.Length, Array.FindLastIndex(bytes, b => b != 0) + 64);
            for (long bit = (long)(run.Seed % (ulong)step); bit < written * 8L; bit += step)
            {
                using SimWorld damaged = world.AfterProcessDeath();
                damaged.Disk.FlipBit(path, bit / 8, (int)(bit % 8));
                CheckDamaged(subject, damaged, journal, $"bit {bit % 8} of byte {bit / 8} of {path} flipped");
            }
        }
    }

    private static void CheckDamaged(
        ComponentSubject<IRecordStore> subject, SimWorld damaged, RecordJournal journal, string what)
    {
        try
        {
            using Session<IRecordStore> session = new(subject, damaged);
            ulong durable = session.Component.DurableLsn.Value;

            // An older checkpoint may be used instead of a damaged one only when the log still has the rest; the engine
            // asked for all four, so an older one is a loss unless it is reported.
            LawRun.Require(durable == 4, $"{what}: the store opens at {durable} without an error, 4 was durable");
            foreach ((ulong location, KnownRecord known) in journal.States[4])
            {
                try
                {
                    ReadRecord read = RecordReading.Read(session.Component, location);
                    LawRun.Require(read.Equals(known), $"{what}: a read gives {read}, expected LSN {known.Lsn}");
                }
                catch (StorageException reported)
                {
                    LawRun.Require(
                        reported.Code == StorageErrorCode.Corrupt, $"{what}: a read is refused with {reported.Code}");
                }
            }

            try
            {
                RecordReading.SameWhole(journal.States[4], session.Component, what);
            }
            catch (StorageException reported)
            {
                LawRun.Require(
                    reported.Code == StorageErrorCode.Corrupt, $"{what}: a scan is refused with {reported.Code}");
            }
        }
        catch (StorageException reported)
        {
            LawRun.Require(
                reported.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew
                    or StorageErrorCode.FormatTooOld or StorageErrorCode.ForeignFile or StorageErrorCode.UnknownWriter,
                $"{what}: reported as {reported.Code}");
        }
        catch (Exception thrown) when (thrown is not LawBrokenException)
        {
            throw new LawBrokenException($"{what}: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }
    }

    private static void Foreign(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = Written(subject, run.Seed, new RecordJournal());
        using SimWorld foreign = world.AfterProcessDeath(new Guid("00000000-0000-0000-0000-00000000f0f0"));
        long before = foreign.Disk.Operations;
        LawRun.Refuses(
            StorageErrorCode.ForeignFile,
            () =>
            {
                using Session<IRecordStore> session = new(subject, foreign);
            },
            "files of another store");
        LawRun.Require(foreign.Disk.Operations == before, "refused files were written to");
        LawRun.Require(
            foreign.Disk.OpenHandles.Count == 0,
            $"a refused open left open {string.Join(", ", foreign.Disk.OpenHandles)}");
    }

    private static void Examiner(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = Written(subject, run.Seed, new RecordJournal());
        ExaminerChecks.Sound(subject.Examiner!, world);
        ExaminerChecks.Damaged(run, subject.Examiner!, world);
    }
}
