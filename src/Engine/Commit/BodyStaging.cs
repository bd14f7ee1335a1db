using System.Runtime.InteropServices;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The bodies of one group, written to the record store before the commits that refer to them.</summary>
/// <remarks>Threads: the store's writer.</remarks>
internal sealed class BodyStaging
{
    private readonly OpenedParts _parts;
    private readonly long _from;
    private readonly List<StagedRecord> _records = [];
    private ulong[] _checks = [];
    private CommitBuilder _builder = null!;
    private Lsn _first;
    private Lsn _next;

    public BodyStaging(OpenedParts parts)
    {
        _parts = parts;
        EngineOptions options = parts.Composition.Options;
        _from = options.BodiesOnceFrom.Bytes > 0 ? options.BodiesOnceFrom.Bytes
            : options.SyncMode == SyncMode.Always ? long.MaxValue
            : EngineOptions.UnsyncedBodiesOnceFrom.Bytes;
    }

    /// <summary>True when the group's commits refer to their bodies.</summary>
    public bool AreWritten { get; private set; }

    /// <summary>True when some of what is written has no commit.</summary>
    public bool IsCutShort { get; set; }

    /// <summary>Bytes of the bodies that are written.</summary>
    public long Bytes { get; private set; }

    /// <summary>Begins a group.</summary>
    public void Begin(CommitBuilder builder)
    {
        _builder = builder;
        _records.Clear();
        AreWritten = false;
        IsCutShort = false;
        Bytes = 0;
        _first = _next = _parts.Log.LastLsn.Next;
    }

    /// <summary>Adds the commit of one write.</summary>
    public void Add(ReadOnlySpan<CommitBuilder.PlannedOperation> operations, ReadOnlySpan<RecordLocation> locations)
    {
        // A single commit may be larger than a group.
        if (_parts.Staging is null || _builder.ArenaBytes < _from || _from > _parts.Composition.Options.MaxGroupBytes.Bytes)
        {
            return;
        }

        foreach (ref readonly CommitBuilder.PlannedOperation operation in operations)
        {
            if (operation.Kind == CommitBuilder.PlannedKind.Put)
            {
                CommitBuilder.PlannedRecord record = _builder.Records[operation.Record];
                _records.Add(new StagedRecord(_next, locations[operation.Record], record.Offset, record.Length));
            }
        }

        _next = _next.Next;
    }

    /// <summary>Writes the bodies of what was added, if the record store takes them.</summary>
    public void TryWrite()
    {
        if (_records.Count == 0)
        {
            return;
        }

        // One check for each record of the group, in order: every record has one put.
        if (_checks.Length < _records.Count)
        {
            _checks = new ulong[Math.Max(_records.Count, 256)];
        }

        AreWritten = _parts.Staging!.TryStage(
            _builder.Arena, CollectionsMarshal.AsSpan(_records), _checks.AsSpan(0, _records.Count));
        if (AreWritten)
        {
            Bytes = _builder.ArenaBytes;
            _parts.Durability.Staged(_first, new Lsn(_next.Value - 1));
        }
    }

    /// <summary>What knows the body of a record of the group again.</summary>
    public ulong CheckOf(int record) => _checks[record];

    /// <summary>False when a commit did not get the number that its bodies carry.</summary>
    public bool IsExpected(Lsn lsn)
    {
        bool isExpected = !AreWritten || lsn == _first;
        _first = _first.Next;
        return isExpected;
    }

    /// <summary>The group is applied: what of it is not in a commit is dropped.</summary>
    public void End()
    {
        if (AreWritten && IsCutShort)
        {
            _parts.Staging!.Unstage();
        }
    }
}
