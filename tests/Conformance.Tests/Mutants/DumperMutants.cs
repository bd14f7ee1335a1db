using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Says whether a record is passed on.</summary>
internal delegate bool DumpFilter(in LogDumpRecord record);

/// <summary>A sound dumper that mutants are made from.</summary>
internal abstract class DumperDecorator : IExaminer, ILogDumper
{
    protected static ILogDumper Sound { get; } = (ILogDumper)SimpleLog.Examiner;

    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation) =>
        SimpleLog.Examiner.Examine(files, storeId, report, cancellation);

    public abstract void Dump(
        IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation);
}

internal sealed class DumperFilters(DumpFilter wanted) : DumperDecorator
{
    public override void Dump(
        IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation) =>
        Sound.Dump(files, from, to, (in r, p) => !wanted(r) || visit(r, p), cancellation);
}

internal sealed class DumperThrows(IExaminer inner) : DumperDecorator
{
    public override void Dump(
        IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation) =>
        ((ILogDumper)inner).Dump(
            files, from, to,
            (in r, p) => r.State == LogDumpState.Whole
                ? visit(r, p)
                : throw StorageException.Corrupt(r.File, r.Offset, r.Note),
            cancellation);
}

/// <summary>Reads lengths and payloads, and no checksum.</summary>
internal sealed class DumperTrusts : DumperDecorator
{
    public override void Dump(
        IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation)
    {
        using IStorageFile file = files.Open("log", FileIntent.Read);
        byte[] bytes = new byte[file.Length];
        _ = file.Read(bytes, 0);
        for (int at = SimpleLogFormat.HeaderBytes; at + SimpleLogFormat.FrameBytes <= bytes.Length;)
        {
            int length = BitConverter.ToInt32(bytes, at);
            Lsn lsn = new(BitConverter.ToUInt64(bytes, at + 4));
            int payload = at + SimpleLogFormat.FrameBytes;
            if (length <= 0 || length > bytes.Length - payload
                || !visit(
                    new LogDumpRecord(lsn, LogDumpState.Whole, "log", at, length, default, Lsn.None, ""),
                    bytes.AsSpan(payload, length)))
            {
                return;
            }

            at = payload + length;
        }
    }
}

internal sealed class DumperGoesOn : DumperDecorator
{
    public override void Dump(
        IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation) =>
        Sound.Dump(
            files, from, to,
            (in r, p) =>
            {
                visit(r, p);
                return true;
            },
            cancellation);
}
