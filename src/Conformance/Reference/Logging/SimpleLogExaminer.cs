using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;

namespace Mortise.Reference;

/// <summary>Checks and shows the one file of a <see cref="SimpleLog"/> by reading all of it.</summary>
internal sealed class SimpleLogExaminer : IExaminer, ILogDumper
{
    private const string FileName = "log";

    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!files.Exists(FileName))
        {
            return new ExaminationSummary { Files = 0, Bytes = 0, Items = 0 };
        }

        using IStorageFile file = files.Open(FileName, FileIntent.Read);
        byte[] bytes = ReadAll(file);
        int items = 0;
        try
        {
            (Lsn first, long sealedBytes) = SimpleLogFormat.ReadHeader(file, storeId);
            items = SimpleLogScan.Of(SimpleLogFormat.Checksum, bytes, FileName, storeId, first, sealedBytes)
                .Offsets.Count;
        }
        catch (StorageException damaged) when (damaged.Code != StorageErrorCode.Io)
        {
            report(new Finding("log", FileName, damaged.Offset, damaged.Message));
        }

        return new ExaminationSummary { Files = 1, Bytes = bytes.Length, Items = items };
    }

    /// <inheritdoc/>
    public void Dump(
        IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!files.Exists(FileName))
        {
            return;
        }

        using IStorageFile file = files.Open(FileName, FileIntent.Read);
        byte[] bytes = ReadAll(file);
        if (bytes.Length < SimpleLogFormat.HeaderBytes)
        {
            visit(Place(Lsn.None, LogDumpState.Damaged, 0, "the header is cut"), []);
            return;
        }

        Guid storeId = SimpleLogFormat.OwnerOf(bytes);
        Lsn expected = SimpleLogFormat.FirstOf(bytes);
        long at = SimpleLogFormat.HeaderBytes;
        LogDumpState state = LogDumpState.Whole;
        while (at < bytes.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            bool isFrame = SimpleLogFormat.TryReadFrame(
                SimpleLogFormat.Checksum, bytes.AsSpan((int)at), at, storeId, out Lsn lsn, out Lsn durable,
                out int length);
            if (isFrame && (lsn == expected || (state == LogDumpState.BehindDamage && lsn > expected)))
            {
                ReadOnlySpan<byte> payload = bytes.AsSpan((int)at + SimpleLogFormat.FrameBytes, length);
                LogDumpRecord record = new(lsn, state, FileName, at, length, default, durable, "");
                if (lsn >= from && lsn <= to && !visit(record, payload))
                {
                    return;
                }

                expected = lsn.Next;
                at += SimpleLogFormat.FrameBytes + length;
                continue;
            }

            if (state == LogDumpState.Whole)
            {
                bool isDamage = AnyBehind(bytes, at, storeId, expected);
                LogDumpRecord place = isDamage
                    ? Place(expected, LogDumpState.Damaged, at, "the frame or its checksum is wrong")
                    : Place(expected, LogDumpState.Torn, at, "nothing behind it says that it was durable");
                if ((expected >= from && expected <= to && !visit(place, [])) || !isDamage)
                {
                    return;
                }

                state = LogDumpState.BehindDamage;
            }

            at++;
        }
    }

    private static bool AnyBehind(byte[] bytes, long at, Guid storeId, Lsn expected)
    {
        for (long next = at + 1; next < bytes.Length; next++)
        {
            if (SimpleLogFormat.TryReadFrame(
                    SimpleLogFormat.Checksum, bytes.AsSpan((int)next), next, storeId, out Lsn lsn, out _, out _)
                && lsn > expected)
            {
                return true;
            }
        }

        return false;
    }

    private static LogDumpRecord Place(Lsn lsn, LogDumpState state, long offset, string note) =>
        new(lsn, state, FileName, offset, 0, default, Lsn.None, note);

    private static byte[] ReadAll(IStorageFile file)
    {
        byte[] bytes = new byte[file.Length];
        int read = file.Read(bytes, 0);
        return bytes[..read];
    }
}
