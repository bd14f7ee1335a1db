using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>What a log does with bytes that are not what it wrote.</summary>
internal static class LogDamageLaws
{
    private const int Records = 6;

    public static void AddTo(LawSuite<ComponentSubject<IWriteAheadLog>> suite)
    {
        suite
            .Add(
                LogLaws.Must("WL10", "Damage in front of a record that was synced is Corrupt, never silently cut."),
                DamagedMiddle)
            .Add(
                LogLaws.Must("WL11", "Any single flipped bit is detected or harmless, and a record copied to another "
                    + "position is not taken for one."),
                AnyBit)
            .Add(
                LogLaws.Must("WL20", "A log of another store is refused with ForeignFile, and nothing is changed."),
                Foreign);
    }

    /// <summary>A log whose records are of equal size and known content, closed in order or killed.</summary>
    private static SimWorld Written(
        ComponentSubject<IWriteAheadLog> subject, ulong seed, LogJournal journal, bool clean)
    {
        SimWorld world = new(seed, new SimDiskOptions { CanMap = seed % 2 == 0 });
        Session<IWriteAheadLog> session = new(subject, world);
        for (int i = 0; i < Records; i++)
        {
            LogScript.Append(session.Component, journal, 64);
            session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
        }

        journal.Synced = journal.Last;
        if (clean)
        {
            session.Dispose();
        }

        return world;
    }

    private static void DamagedMiddle(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        foreach (bool clean in (ReadOnlySpan<bool>)[true, false])
        {
            for (ulong lsn = 1; lsn < Records; lsn++)
            {
                LogJournal journal = new();
                using SimWorld world = Written(subject, run.Seed, journal, clean);
                (string path, int offset) = Find(world.Disk, journal.PayloadOf(lsn));
                world.Disk.FlipBit(path, offset + 20, 3);
                using SimWorld next = world.AfterProcessDeath();
                StorageException found = LawRun.Throws<StorageException>(
                    () =>
                    {
                        using Session<IWriteAheadLog> session = new(subject, next);
                        LogScript.Replay(session.Component, session.Component.FirstLsn);
                    },
                    $"damage in record {lsn} of {Records} synced ones ({(clean ? "closed in order" : "killed")})");
                LawRun.Require(
                    found.Code == StorageErrorCode.Corrupt, $"damage in record {lsn} is reported as {found.Code}");
                LawRun.Require(found.File is not null, "damage is reported without its file");
            }
        }
    }

    private static void AnyBit(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        LogJournal journal = new();
        using SimWorld world = Written(subject, run.Seed, journal, clean: false);
        int step = run.Scale(7, 1, 1);
        foreach (string path in world.Disk.FilePaths())
        {
            byte[] bytes = world.Disk.ReadAllBytes(path);
            // A preallocated file is zeroes for most of its length: what was never written needs a sample only.
            int written = Array.FindLastIndex(bytes, b => b != 0) + 64;
            for (long bit = 0; bit < Math.Min(bytes.Length, written) * 8L; bit += step)
            {
                using SimWorld damaged = world.AfterProcessDeath();
                damaged.Disk.FlipBit(path, bit / 8, (int)(bit % 8));
                CheckDamaged(subject, damaged, journal, $"bit {bit % 8} of byte {bit / 8} of {path} flipped");
            }
        }

        CopiedRecord(run, subject);
    }

    private static void CopiedRecord(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        LogJournal journal = new();
        using SimWorld world = Written(subject, run.Seed, journal, clean: false);
        (string path, int first) = Find(world.Disk, journal.PayloadOf(1));
        (_, int second) = Find(world.Disk, journal.PayloadOf(2));
        int stride = second - first;
        if (stride < 64)
        {
            return;
        }

        for (int from = 0; from < Records; from++)
        {
            for (int to = 0; to < Records; to++)
            {
                if (from == to)
                {
                    continue;
                }

                using SimWorld damaged = world.AfterProcessDeath();
                byte[] bytes = damaged.Disk.ReadAllBytes(path);
                int gap = stride - 64;
                int start = first - gap;
                if (start < 0 || start + Records * stride > bytes.Length)
                {
                    return;
                }

                bytes.AsSpan(start + from * stride, stride).CopyTo(bytes.AsSpan(start + to * stride));
                damaged.Disk.Overwrite(path, bytes);
                CheckDamaged(subject, damaged, journal, $"record {from + 1} copied over record {to + 1}");
            }
        }
    }

    /// <summary>Either the damage is reported, or every record that replays is right and only the last may be
    /// gone.</summary>
    private static void CheckDamaged(
        ComponentSubject<IWriteAheadLog> subject, SimWorld damaged, LogJournal journal, string what)
    {
        try
        {
            using Session<IWriteAheadLog> session = new(subject, damaged);
            List<LogRecord> records = LogScript.Replay(session.Component, session.Component.FirstLsn);
            foreach (LogRecord record in records)
            {
                LawRun.Require(
                    record.Lsn is >= 1 and <= Records
                        && record.Payload.AsSpan().SequenceEqual(journal.PayloadOf(record.Lsn)),
                    $"{what}: record {record.Lsn} replays with wrong bytes");
            }

            LawRun.Require(
                records.Count >= Records - 1, $"{what}: only {records.Count} of {Records} synced records replay");
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

    private static void Foreign(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        LogJournal journal = new();
        using SimWorld world = Written(subject, run.Seed, journal, clean: true);
        using SimWorld foreign = world.AfterProcessDeath(new Guid("00000000-0000-0000-0000-00000000f0f0"));
        long before = foreign.Disk.Operations;
        LawRun.Refuses(
            StorageErrorCode.ForeignFile,
            () =>
            {
                using Session<IWriteAheadLog> session = new(subject, foreign);
            },
            "a log of another store");
        LawRun.Require(foreign.Disk.Operations == before, "a refused log was written to");
        LawRun.Require(
            foreign.Disk.OpenHandles.Count == 0,
            $"a refused log left open {string.Join(", ", foreign.Disk.OpenHandles)}");
    }

    private static (string Path, int Offset) Find(SimDisk disk, byte[] payload)
    {
        foreach (string path in disk.FilePaths())
        {
            int offset = disk.ReadAllBytes(path).AsSpan().IndexOf(payload);
            if (offset >= 0)
            {
                return (path, offset);
            }
        }

        throw new LawBrokenException(
            "the kit does not find a record's payload in any file: this law can only be checked on a log that stores "
                + "payloads as they are");
    }
}
