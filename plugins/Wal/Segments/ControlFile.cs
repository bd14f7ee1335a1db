using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>The two-slot file that says which segments make up the log and whether it was closed in order.</summary>
/// <remarks>Threads: one at a time, the log's append gate.</remarks>
internal sealed class ControlFile : IDisposable
{
    private readonly IStorageFile _file;
    private readonly byte[] _slot = new byte[WalFormat.SlotBytes];

    private ControlFile(IStorageFile file, ControlState state, bool bothSlots)
    {
        _file = file;
        State = state;
        BothSlotsValid = bothSlots;
    }

    /// <summary>What the newest valid slot says.</summary>
    public ControlState State { get; private set; }

    /// <summary>False when one slot was damaged or half written: then <see cref="State"/> may be one write
    /// behind.</summary>
    public bool BothSlotsValid { get; }

    /// <summary>Creates the file of a new log; durable when it returns.</summary>
    public static ControlFile Create(IStorageDirectory files, Guid storeId, long microseconds)
    {
        if (files.Exists(WalFormat.ControlDraftName))
        {
            files.Delete(WalFormat.ControlDraftName);
        }

        var state = new ControlState
        {
            StoreId = storeId,
            Generation = 0,
            Oldest = 0,
            Active = 0,
            IsClean = false,
            LastLsn = 0,
            End = 0,
            DurableLsn = 0,
            TimeMicroseconds = microseconds,
        };
        using (IStorageFile draft = files.Open(WalFormat.ControlDraftName, FileIntent.CreateNew))
        {
            byte[] all = new byte[WalFormat.ControlBytes];
            state.Write(all.AsSpan((int)state.SlotOffset, WalFormat.SlotBytes));
            state = state with { Generation = 1 };
            state.Write(all.AsSpan((int)state.SlotOffset, WalFormat.SlotBytes));
            draft.Write(all, 0);
            draft.Sync(SyncKind.Full);
        }

        files.Rename(WalFormat.ControlDraftName, WalFormat.ControlName);
        files.Sync();
        return new ControlFile(files.Open(WalFormat.ControlName, FileIntent.ReadWrite), state, bothSlots: true);
    }

    /// <summary>Opens the file of an existing log.</summary>
    public static ControlFile Open(IStorageDirectory files, FileIntent intent, Guid? storeId)
    {
        IStorageFile file = files.Open(WalFormat.ControlName, intent);
        try
        {
            ControlState? even = ReadSlot(file, 0, storeId);
            ControlState? odd = ReadSlot(file, 1, storeId);
            ControlState state = (even, odd) switch
            {
                (null, null) => throw StorageException.Corrupt(
                    file.Path, 0, "neither slot of the log's control file is whole"),
                (null, not null) => odd,
                (not null, null) => even,
                _ => even.Generation > odd.Generation ? even : odd,
            };
            // A slot that is more than one write behind is what a write that never reached the disk leaves.
            bool exact = even is not null && odd is not null
                && Math.Max(even.Generation, odd.Generation) - Math.Min(even.Generation, odd.Generation) == 1;
            return new ControlFile(file, state, exact);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a new state into the slot of the older one; durable when it returns.</summary>
    /// <remarks>When it throws without a failed sync, <see cref="State"/> is unchanged and the call can be
    /// repeated.</remarks>
    public void Write(ControlState state)
    {
        state = state with { Generation = State.Generation + 1 };
        state.Write(_slot);
        _file.Write(_slot, state.SlotOffset);
        _file.Sync(SyncKind.Data);
        State = state;
    }

    public void Dispose() => _file.Dispose();

    private static ControlState? ReadSlot(IStorageFile file, int index, Guid? storeId)
    {
        Span<byte> slot = stackalloc byte[WalFormat.SlotBytes];
        int read = file.Read(slot, index * WalFormat.SlotDistance);
        return ControlState.Read(slot[..read], index, file.Path, storeId);
    }
}
