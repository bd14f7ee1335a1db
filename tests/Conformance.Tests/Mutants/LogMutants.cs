using Mortise.Files;
using Mortise.Logging;
using Mortise.Primitives;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

internal static class LogMutants
{
    public static ComponentSubject<IWriteAheadLog> Sound { get; } = new()
    {
        Name = "simple-log",
        Open = (context, cancellation) => SimpleLog.OpenAsync(context, new SimpleLogOptions(), cancellation),
        Examiner = SimpleLog.Examiner,
    };

    public static IEnumerable<Mutant> All() =>
        [.. CommonMutants.Of(LawContract.Log, LogLaws.Suite, Sound), .. Own()];

    private static IEnumerable<Mutant> Own()
    {
        // Common laws.
        yield return Of("C1", "a second disposal throws", log => new SecondDisposeThrows(log));
        yield return Of("C2", "disposal deadlocks with a running call", log => new DisposeWaits(log)) with { HangSeconds = 10 };
        yield return Of("C2", "says that a sync after disposal is done", log => new WorksAfterDispose(log));
        yield return Of("C3", "appends, then looks at its argument", log => new MutatesFirst(log));
        yield return Of("C4", "takes a cancelled token for none", log => new IgnoresToken(log));
        yield return Of("C5", "a cancelled sync counts as done", log => new CancelIsDone(log), (context, log) => ((CancelIsDone)log).Files = context.Files);
        yield return With("C8", "throws damaged files away and starts anew", Breakages.StartsOver(Sound));
        yield return With("C16", "reads from an array that it has given back", Breakages.UsesReturned(Sound));
        yield return Of("C12", "keeps a file of its own beside the store", log => new OwnFile(log));

        // Order.
        yield return Of("WL1", "skips an LSN", log => new SkipsLsn(log));
        yield return Of("WL1", "says that it is durable before it is, for a moment", log => new DurableJumps(log));
        yield return Of("WL2", "a replay leaves out the first record", log => new DropsReplayed(log, (lsn, first, _) => lsn == first));
        yield return Of("WL15", "cuts payloads at 64 KiB", log => new CutsPayload(log, 65536));
        yield return Of("WL16", "takes some records for padding", log => new DropsReplayed(log, (_, _, payload) => payload.Length % 32 == 12));
        yield return Of("WL17", "a sync beside another one returns at once", log => new SharedSyncReturnsEarly(log));
        yield return Of("WL18", "replays durable records only", log => new DropsReplayed(log, (lsn, _, _) => lsn > log.DurableLsn));
        yield return With("WL21", "starts at 1 again when all was truncated", Breakages.Around(Sound, c => c), log => new ForgetsLast(log), (c, log) => ((ForgetsLast)log).Files = c.Files);
        yield return Of("WL22", "a restart lives in memory only", log => new RestartInMemory(log));
        yield return Of("WL23", "swallows what a sink throws", log => new SwallowsSink(log));
        yield return With("WL24", "writes at every sync", Breakages.Around(Sound, c => c), log => new WritesAtSync(log), (c, log) => ((WritesAtSync)log).Files = c.Files);

        // Crashes.
        yield return With("WL3", "acknowledges before the sync", Breakages.NoFileSync(Sound));
        yield return Of("WL6", "a sync completes without one", log => new SyncsOnTruncate(log));
        yield return With("WL4", "a full device leaves a record that is replayed", Breakages.Around(Sound, c => c), log => new InventsRecord(log));
        yield return Opened("WL5", "the checksum does not cover the payload", context => SimpleLog.Open(context, HeadOnly));
        yield return Opened("WL9", "a torn tail is an error", context => TornIsError(SimpleLog.Open(context, SimpleLogFormat.Checksum)));
        yield return With("WL12", "recovery renames before it syncs", Breakages.NoSyncOf(Sound, "log.new"));
        yield return With("WL13", "never syncs the directory", Breakages.NoDirectorySync(Sound));
        yield return Of("WL14", "truncates one record too many", log => new TruncatesOneMore(log));
        yield return With("WL25", "unlinks the old log before the new one has its name", Breakages.DeletesBeforeRename(Sound));

        // Failures and damage.
        yield return With("WL7", "a failed sync is retried and called done", Breakages.RetriesSync(Sound));
        yield return With("WL8", "takes a write that did not fit for written", Breakages.SwallowsWriteErrors(Sound));
        yield return With("WL26", "swallows errors of writes", Breakages.SwallowsWriteErrors(Sound));
        yield return Of("WL19", "a cancelled sync makes later ones fail", log => new CancelFaults(log));
        yield return Opened("WL10", "recovery stops quietly at a bad record in the middle", StopsQuietly);
        yield return Opened("WL11", "the checksum does not cover the payload", context => SimpleLog.Open(context, HeadOnly));
        yield return Opened(
            "WL11",
            "the checksum covers neither the length nor the end of the payload",
            context => SimpleLog.Open(context, NoLength));
        yield return With("C13", "reads an old format as an empty log", GoldenMutants.StartsOverWith(Sound));
        yield return Dumped("WL30", "a dump leaves out the last record", (in LogDumpRecord record) => record.Lsn.Value < 30);
        yield return With("WL31", "a dump throws at damage", Examined(new DumperThrows(SimpleLog.Examiner)));
        yield return With("WL31", "a dump calls damaged records whole", Examined(new DumperTrusts()));
        yield return With("WL32", "a dump goes on after its visitor said stop", Examined(new DumperGoesOn()));
        yield return With("WL20", "takes any store's log", Breakages.AnyStore(Sound));
    }

    private static Mutant With(string law, string broken, ComponentSubject<IWriteAheadLog> subject) =>
        Mutant.Of(LawContract.Log, LogLaws.Suite, law, broken, subject);

    private static Mutant With(
        string law, string broken, ComponentSubject<IWriteAheadLog> subject, Func<IWriteAheadLog, IWriteAheadLog> wrap,
        Action<Components.ComponentContext, IWriteAheadLog>? then = null) =>
        With(law, broken, new ComponentSubject<IWriteAheadLog>
        {
            Name = broken,
            Open = async (context, cancellation) =>
            {
                IWriteAheadLog log = wrap(await subject.Open(context, cancellation));
                then?.Invoke(context, log);
                return log;
            },
        });

    private static Mutant Of(
        string law, string broken, Func<IWriteAheadLog, IWriteAheadLog> wrap,
        Action<Components.ComponentContext, IWriteAheadLog>? then = null) => With(law, broken, Sound, wrap, then);

    private static Mutant Opened(string law, string broken, Func<Components.ComponentContext, IWriteAheadLog> open) =>
        With(law, broken, new ComponentSubject<IWriteAheadLog>
        {
            Name = broken,
            Open = (context, _) => new ValueTask<IWriteAheadLog>(open(context)),
        });

    private static ComponentSubject<IWriteAheadLog> Examined(Components.IExaminer examiner) =>
        new() { Name = "examined", Open = Sound.Open, Examiner = examiner };

    private static Mutant Dumped(string law, string broken, DumpFilter wanted) =>
        With(law, broken, Examined(new DumperFilters(wanted)));

    private static uint HeadOnly(Guid storeId, long offset, ReadOnlySpan<byte> frame) =>
        Crc32C.Of(frame[..20], BitConverter.GetBytes(offset));

    private static uint NoLength(Guid storeId, long offset, ReadOnlySpan<byte> frame) => Crc32C.Of(
        frame[4..20], BitConverter.GetBytes(offset ^ frame[SimpleLogFormat.FrameBytes]));

    private static SimpleLog TornIsError(SimpleLog log)
    {
        if (log.Recovery.TornBytes > 0)
        {
            log.DisposeAsync().AsTask().Wait();
            throw StorageException.Corrupt("log", 0, "the tail is torn");
        }

        return log;
    }

    private static IWriteAheadLog StopsQuietly(Components.ComponentContext context)
    {
        try
        {
            return SimpleLog.Open(context, SimpleLogFormat.Checksum);
        }
        catch (StorageException damaged) when (damaged.Code == StorageErrorCode.Corrupt && damaged.Offset > 0)
        {
            using (IStorageFile file = context.Files.Open("log", FileIntent.ReadWrite))
            {
                file.SetLength(damaged.Offset);
            }

            if (context.Files.Exists("clean"))
            {
                context.Files.Delete("clean");
            }

            return SimpleLog.Open(context, SimpleLogFormat.Checksum);
        }
    }

    private sealed class SecondDisposeThrows(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private int _disposed;

        public override ValueTask DisposeAsync() => Interlocked.Increment(ref _disposed) > 1
            ? throw new InvalidOperationException("disposed twice")
            : base.DisposeAsync();
    }

    private sealed class DisposeWaits(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private int _inside;

        public override Lsn Append(ReadOnlySpan<byte> payload)
        {
            Interlocked.Increment(ref _inside);

            // Long enough for the disposal that the law starts with the call.
            Thread.Sleep(1);
            Lsn lsn = Inner.Append(payload);
            Interlocked.Decrement(ref _inside);
            return lsn;
        }

        public override ValueTask DisposeAsync()
        {
            if (Volatile.Read(ref _inside) > 0)
            {
                new ManualResetEvent(false).WaitOne();
            }

            return base.DisposeAsync();
        }
    }

    private sealed class WorksAfterDispose(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private bool _disposed;

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default) =>
            _disposed ? default : Inner.SyncAsync(through, cancellation);

        public override ValueTask DisposeAsync()
        {
            _disposed = true;
            return base.DisposeAsync();
        }
    }

    private sealed class MutatesFirst(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public override Lsn Append(ReadOnlySpan<byte> payload)
        {
            if (payload.IsEmpty)
            {
                Inner.Append([0]);
                throw new ArgumentOutOfRangeException(nameof(payload));
            }

            return Inner.Append(payload);
        }
    }

    private sealed class IgnoresToken(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default) =>
            Inner.SyncAsync(through, CancellationToken.None);
    }

    private sealed class CancelIsDone(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private Lsn _durable;

        public IStorageDirectory? Files { get; set; }

        public override Lsn DurableLsn => Lsn.Max(_durable, Inner.DurableLsn);

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
        {
            if (cancellation.CanBeCanceled && !cancellation.IsCancellationRequested)
            {
                // Something to be cancelled at.
                Files!.Open("sync", FileIntent.OpenOrCreate).Dispose();
                if (cancellation.IsCancellationRequested)
                {
                    _durable = through;
                    return default;
                }
            }

            return through <= _durable ? default : Inner.SyncAsync(through, cancellation);
        }
    }

    private sealed class OwnFile(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public override Lsn Append(ReadOnlySpan<byte> payload)
        {
            if (payload.Length == int.MaxValue)
            {
                File.WriteAllBytes("beside", payload.ToArray());
            }

            return Inner.Append(payload);
        }
    }

    private sealed class SkipsLsn(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public override Lsn Append(ReadOnlySpan<byte> payload) => Inner.Append(payload).Next;
    }

    private sealed class DurableJumps(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private int _asked;

        public override Lsn DurableLsn => Interlocked.Increment(ref _asked) % 3 == 0 ? Inner.LastLsn.Next : Inner.DurableLsn;
    }

    private sealed class CutsPayload(IWriteAheadLog inner, int at) : LogDecorator(inner)
    {
        public override Lsn Append(ReadOnlySpan<byte> payload) =>
            Inner.Append(payload.Length > at && payload.Length <= MaxPayloadBytes ? payload[..at] : payload);
    }

    /// <summary>Replays without some records, and says nothing.</summary>
    private sealed class DropsReplayed(IWriteAheadLog inner, Func<Lsn, Lsn, byte[], bool> drops) : LogDecorator(inner)
    {
        public override Lsn Replay<TSink>(Lsn from, ref TSink sink)
        {
            LogCollector all = new();
            Lsn end = Inner.Replay(from, ref all);
            foreach (LogRecord record in all.Records)
            {
                Lsn lsn = new(record.Lsn);
                if (!drops(lsn, from, record.Payload) && !sink.Accept(lsn, record.Payload))
                {
                    return lsn.Next;
                }
            }

            return end;
        }
    }

    /// <summary>Every second sync takes the one before it for its own, as if that were still under way.</summary>
    private sealed class SharedSyncReturnsEarly(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private int _calls;

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default) =>
            Interlocked.Increment(ref _calls) % 2 == 0 ? default : Inner.SyncAsync(through, cancellation);
    }

    private sealed class ForgetsLast(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private bool _empty;

        public IStorageDirectory? Files { get; set; }

        public override void Truncate(Lsn keepFrom)
        {
            Inner.Truncate(keepFrom);
            _empty = keepFrom > Inner.LastLsn;
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            if (_empty)
            {
                foreach (StorageEntry entry in Files!.List())
                {
                    Files.Delete(entry.Name);
                }

                Files.Sync();
            }
        }
    }

    private sealed class RestartInMemory(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private Lsn _shift;

        public override Lsn FirstLsn => new(Inner.FirstLsn.Value + _shift.Value);

        public override Lsn LastLsn => new(Inner.LastLsn.Value + _shift.Value);

        public override Lsn DurableLsn => new(Inner.DurableLsn.Value + _shift.Value);

        public override Lsn Replay<TSink>(Lsn from, ref TSink sink) => _shift == Lsn.None
            ? Inner.Replay(from, ref sink)
            : from < FirstLsn ? throw new StorageException(StorageErrorCode.Truncated, "gone") : from;

        public override void Restart(Lsn next)
        {
            Lsn last = Inner.LastLsn;
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(next.Value, last.Value, nameof(next));
            Inner.Restart(last.Next);
            _shift = new Lsn(next.Value - last.Next.Value);
        }
    }

    private sealed class SwallowsSink(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public override Lsn Replay<TSink>(Lsn from, ref TSink sink)
        {
            try
            {
                return Inner.Replay(from, ref sink);
            }
            catch (InvalidTimeZoneException)
            {
                return from;
            }
        }
    }

    private sealed class WritesAtSync(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public IStorageDirectory? Files { get; set; }

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
        {
            using IStorageFile file = Files!.Open("synced", FileIntent.OpenOrCreate);
            file.Write([1], 0);
            return Inner.SyncAsync(through, cancellation);
        }
    }

    private sealed class SyncsOnTruncate(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private Lsn _claimed;

        public override Lsn DurableLsn => Lsn.Max(_claimed, Inner.DurableLsn);

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
        {
            _claimed = through;
            return default;
        }
    }

    /// <summary>Leaves the record of before a truncation in the place of the first one after it.</summary>
    private sealed class InventsRecord(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private byte[] _stale = [];

        public override void Truncate(Lsn keepFrom)
        {
            if (keepFrom > FirstLsn)
            {
                LogCollector first = new() { StopAfter = 1 };
                Inner.Replay(FirstLsn, ref first);
                _stale = first.Records.Count > 0 ? first.Records[0].Payload : [];
            }

            Inner.Truncate(keepFrom);
        }

        public override Lsn Append(ReadOnlySpan<byte> payload)
        {
            ReadOnlySpan<byte> written = _stale.Length == payload.Length ? _stale : payload;
            _stale = [];
            return Inner.Append(written);
        }
    }

    private sealed class TruncatesOneMore(IWriteAheadLog inner) : LogDecorator(inner)
    {
        public override void Truncate(Lsn keepFrom) =>
            Inner.Truncate(keepFrom <= Inner.DurableLsn ? keepFrom.Next : keepFrom);
    }

    private sealed class CancelFaults(IWriteAheadLog inner) : LogDecorator(inner)
    {
        private bool _cancelled;

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
        {
            _cancelled |= cancellation.IsCancellationRequested;
            return _cancelled && !cancellation.IsCancellationRequested
                ? throw new StorageException(StorageErrorCode.Faulted, "a sync was cancelled")
                : Inner.SyncAsync(through, cancellation);
        }
    }
}
