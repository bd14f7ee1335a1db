using Mortise.Components;
using Mortise.Wal.Format;
using Mortise.Wal.Opening;
using Mortise.Wal.Segments;

namespace Mortise.Wal;

/// <content>Closing.</content>
internal sealed partial class SegmentedLog
{
    /// <summary>The first record that somebody needs, by the last <see cref="Truncate"/>; 0 before the first.</summary>
    private ulong _neededFrom;

    public ValueTask DisposeAsync()
    {
        lock (_closingLock)
        {
            return new ValueTask(_closing ??= CloseAsync());
        }
    }

    private async Task CloseAsync()
    {
        await _sealing.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            Volatile.Write(ref _disposed, true);
            try
            {
                if (_fault.Cause is null && !_isMarkedClean)
                {
                    WaitForSync();
                    if (_neededFrom != _lastLsn + 1 || !TryKeepTail())
                    {
                        WriteControl(_control.State.Oldest, _live[^1].Sequence, isClean: true);
                    }

                    _segments.DeleteSpares();
                }
            }
            finally
            {
                foreach (LogSegment segment in _unsynced)
                {
                    segment.File?.Dispose();
                }

                _live[^1].File?.Dispose();
                _control.Dispose();
                _lock.Dispose();
            }
        }
    }

    /// <summary>Puts the newest records into a segment of their own and gives up all others. In each state that a crash
    /// can leave either the old segments make up the log or, from the new one's name on, all of them together
    /// do.</summary>
    /// <returns>False when that is not worth it, or there is no room.</returns>
    private bool TryKeepTail()
    {
        LogSegment active = _live[^1];
        long segmentBytes = _options.SegmentSize.Bytes;
        if (!ClosedTail.IsWorthCutting(_writer.Position, segmentBytes))
        {
            return false;
        }

        LogSegment? tail = null;
        long end = 0;
        try
        {
            ulong first = ClosedTail.FirstKept(
                _segments.Directory, active, _lastLsn, _writer.Position, segmentBytes);
            SegmentHeader header = NewHeader(
                first, _sync.Durable, active.Sequence, isRestart: false, mayRecycle: false);
            Guarded(() => tail = TailRewrite.Run(_segments, _live, header, _lastLsn, _options, out end));
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            Warn(active, e);
            return false;
        }

        int old = _live.Count;
        _highestSequence = tail!.Sequence;
        lock (_chain)
        {
            // Statistics may still be asked for.
            _live.Add(tail);
            _writer = WriterOf(tail, end);
        }

        try
        {
            WriteControl(tail.Sequence, tail.Sequence, isClean: true);
        }
        finally
        {
            active.File!.Dispose();
            active.File = null;
        }

        foreach (LogSegment segment in _live.GetRange(0, old))
        {
            _segments.DeleteSegment(segment.Sequence);
        }

        try
        {
            // Zeros are written ahead of records, of which there will be none.
            tail.File!.SetLength(end);
        }
        catch (StorageException e)
        {
            Warn(tail, e);
        }

        return true;
    }

    private void Warn(LogSegment segment, StorageException e) => _context.Log.Write(
        ComponentLogLevel.Warning, $"{segment.Name} could not be cut and stays as long as it is: {e.Message}", e);
}
