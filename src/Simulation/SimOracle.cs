using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Simulation;

/// <summary>Knows which states the store may be in: one after each submitted write, and from which one on it was
/// promised.</summary>
internal sealed class SimOracle
{
    // States after each submitted write, oldest first. The store is always in one of them, not before the floor.
    private readonly List<SortedDictionary<long, byte[]>> _history = [new()];
    private int _floor;
    private int _floorWithPower;

    /// <summary>A write is being submitted: from now on its effect may be there or not.</summary>
    public void Submit(WriteStep write)
    {
        var state = new SortedDictionary<long, byte[]>(_history[^1]);
        foreach (long id in write.Deletes)
        {
            state.Remove(id);
        }

        foreach (SimPut put in write.Puts)
        {
            state[put.Id] = put.ToRecord();
        }

        _history.Add(state);
    }

    /// <summary>The records of a range are being dropped.</summary>
    public void Submit(DropStep drop, OrdinalRange range)
    {
        var state = new SortedDictionary<long, byte[]>(_history[^1]);
        foreach ((long id, byte[] record) in _history[^1])
        {
            if (range.Contains(SimRecord.Ordinal(record)) && !drop.Keeps(id))
            {
                state.Remove(id);
            }
        }

        _history.Add(state);
    }

    /// <summary>Everything submitted so far must be there after whatever comes.</summary>
    public void PromiseAll() => _floor = _history.Count - 1;

    /// <summary>Everything submitted so far must be there as long as the power stays on.</summary>
    public void PromiseAllWithPower() => _floorWithPower = _history.Count - 1;

    /// <summary>The power was cut.</summary>
    public void PowerWasCut() => _floorWithPower = 0;

    /// <summary>Requires the store to be in the newest state.</summary>
    public void RequireNewest(StoreView view)
    {
        _ = Match(view, _history.Count - 1);
    }

    /// <summary>Requires the store to be in a promised state, and takes it as the truth from here on.</summary>
    public void Settle(StoreView view)
    {
        int at = Match(view, Math.Max(_floor, _floorWithPower));
        _history.RemoveRange(at + 1, _history.Count - at - 1);
        _history.RemoveRange(0, at);
        _floor = 0;
        _floorWithPower = 0;
    }

    private int Match(StoreView view, int floor)
    {
        SortedDictionary<long, byte[]> found = Read(view);
        for (int at = _history.Count - 1; at >= 0; at--)
        {
            if (Same(found, _history[at]))
            {
                return at >= floor
                    ? at
                    : throw new SimulationFailureException(
                        $"lost writes: state {at} of {_history.Count - 1}, everything up to {floor} was promised");
            }
        }

        throw new SimulationFailureException($"a state that never was: {found.Count} records");
    }

    private static SortedDictionary<long, byte[]> Read(StoreView view)
    {
        AgreementReport agreement = AgreementCheck.Run(view);
        if (!agreement.IsClean)
        {
            throw new SimulationFailureException(
                "access paths disagree: " + string.Join(
                    "; ", agreement.Families.SelectMany(static f => f.Findings).Take(5)));
        }

        var content = new SortedDictionary<long, byte[]>();
        using FamilyCursor cursor = view.Families[0].OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
        while (cursor.MoveNext())
        {
            using RecordLease lease = view.Records.Read(cursor.Location);
            if (!content.TryAdd(SimRecord.Id(lease.Bytes), lease.Bytes.ToArray()))
            {
                throw new SimulationFailureException($"id {SimRecord.Id(lease.Bytes)} twice");
            }
        }

        return content.Count == agreement.Records
            ? content
            : throw new SimulationFailureException($"{agreement.Records} live records, {content.Count} by id");
    }

    private static bool Same(SortedDictionary<long, byte[]> a, SortedDictionary<long, byte[]> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        foreach ((long id, byte[] record) in a)
        {
            if (!b.TryGetValue(id, out byte[]? other) || !record.AsSpan().SequenceEqual(other))
            {
                return false;
            }
        }

        return true;
    }
}
