using Mortise.Files;
using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>What <see cref="ILogDumper"/> shows of a log that may be open, closed or damaged.</summary>
internal static class LogDumpLaws
{
    private const ulong Records = 30;

    public static void AddTo(LawSuite<ComponentSubject<IWriteAheadLog>> suite)
    {
        Add(
            "WL30",
            "A dump of a sound log, open or closed, gives each record of its range once, whole, in order, with its "
                + "payload, and writes nothing.",
            Sound);
        Add(
            "WL31",
            "A dump of a damaged log throws nothing, calls no record whole that is not as it was appended, and shows "
                + "that something is missing.",
            Damaged);
        Add(
            "WL32",
            "A dump ends when its visitor says so, and with OperationCanceledException when its token is cancelled.",
            Stopped);

        void Add(string id, string text, Action<LawRun, ComponentSubject<IWriteAheadLog>> check) => suite.Add(
            new Law { Id = id, Contract = LawContract.Log, Text = text, Needs = LawNeeds.Dumper }, check);
    }

    private static void Sound(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = new(run.Seed);
        using (Session<IWriteAheadLog> session = new(subject, world))
        {
            Fill(session);
            Compare(subject, world, "an open log");
        }

        Compare(subject, world, "a closed log");
    }

    private static void Compare(ComponentSubject<IWriteAheadLog> subject, SimWorld world, string what)
    {
        long operations = world.Disk.Operations;
        int handles = world.Disk.OpenHandles.Count;
        foreach ((ulong from, ulong to) in (ReadOnlySpan<(ulong, ulong)>)
            [(1, Records), (1, ulong.MaxValue), (5, 9), (Records, Records), (7, 6), (Records + 1, ulong.MaxValue)])
        {
            ulong expected = from;
            Dump(subject, world, from, to, (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
            {
                LawRun.Require(record.State == LogDumpState.Whole, $"{what}: record {record.Lsn} is {record.State}");
                LawRun.Require(
                    record.Lsn.Value == expected,
                    $"{what}, {from} to {to}: {record.Lsn} comes where {expected} should");
                LawRun.Require(
                    payload.SequenceEqual(Payload(expected)) && record.PayloadBytes == payload.Length,
                    $"{what}: record {expected} is shown with another payload");
                expected++;
                return true;
            });
            ulong end = Math.Min(to, Records) + 1;
            LawRun.Require(
                expected == Math.Max(from, end), $"{what}, {from} to {to}: the dump ends before record {expected}");
        }

        LawRun.Require(world.Disk.Operations == operations, $"{what}: the dump wrote something");
        LawRun.Require(world.Disk.OpenHandles.Count == handles, $"{what}: the dump left files open");
    }

    private static void Damaged(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = new(run.Seed);
        using (Session<IWriteAheadLog> session = new(subject, world))
        {
            Fill(session);
        }

        Random random = Seeds.Generator(run.Seed);
        foreach (string path in world.Disk.FilePaths())
        {
            int length = world.Disk.ReadAllBytes(path).Length;
            for (int i = 0; length > 0 && i < run.Scale(60, 600, 6000); i++)
            {
                using SimWorld damaged = world.AfterProcessDeath();
                int offset = random.Next(length);
                damaged.Disk.FlipBit(path, offset, random.Next(8));
                string what = $"byte {offset} of {path} damaged";
                HashSet<ulong> whole = [];
                bool somethingWrong = false;
                Dump(subject, damaged, 1, ulong.MaxValue, (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
                {
                    somethingWrong |= record.State != LogDumpState.Whole;
                    LawRun.Require(
                        record.State is not (LogDumpState.Whole or LogDumpState.BehindDamage)
                        || (
                            record.Lsn.Value is >= 1 and <= Records
                                && payload.SequenceEqual(Payload(record.Lsn.Value))),
                        $"{what}: record {record.Lsn} is called {record.State}, and is not as it was appended");
                    if (record.State == LogDumpState.Whole)
                    {
                        whole.Add(record.Lsn.Value);
                    }

                    return true;
                });
                LawRun.Require(
                    somethingWrong || whole.Count == (int)Records,
                    $"{what}: {whole.Count} of {Records} records are shown, and nothing says that any is missing");
            }
        }
    }

    private static void Stopped(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = new(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        Fill(session);
        int seen = 0;
        Dump(subject, world, 1, Records, (in LogDumpRecord record, ReadOnlySpan<byte> _) => ++seen < 3);
        LawRun.Require(seen == 3, $"a visitor that stops at the third record was called {seen} times");
        using CancellationTokenSource source = new();
        source.Cancel();
        LawRun.Throws<OperationCanceledException>(
            () => Dump(subject, world, 1, Records, (in LogDumpRecord _, ReadOnlySpan<byte> _) => true, source.Token),
            "a dump with a cancelled token");
    }

    private static void Fill(Session<IWriteAheadLog> session)
    {
        for (ulong lsn = 1; lsn <= Records; lsn++)
        {
            session.Component.Append(Payload(lsn));
            session.Complete(session.Component.SyncAsync(new Lsn(lsn)));
        }
    }

    private static byte[] Payload(ulong lsn) => LogJournal.Payload(lsn, 40 + (int)(lsn * 37 % 900));

    private static void Dump(
        ComponentSubject<IWriteAheadLog> subject, SimWorld world, ulong from, ulong to, LogDumpVisitor visit,
        CancellationToken cancellation = default)
    {
        IStorageDirectory files = world.Disk.Root.OpenDirectory(Session.InstanceName);
        try
        {
            ((ILogDumper)subject.Examiner!).Dump(files, new Lsn(from), new Lsn(to), visit, cancellation);
        }
        catch (Exception thrown) when (thrown is not (LawBrokenException or OperationCanceledException))
        {
            throw new LawBrokenException($"the dump threw {thrown.GetType().Name}: {thrown.Message}", thrown);
        }
    }
}
