using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>The leases that are out, so that each is given back once.</summary>
/// <remarks>A lease's token is its place in the book and how often the place was used. Threads: any.</remarks>
internal sealed class LeaseBook(ContractCheck check) : IRecordLeaseOwner
{
    private readonly Lock _gate = new();
    private Entry[] _entries = new Entry[64];
    private int _used;
    private int _free = -1;
    private long _count;

    /// <summary>How many are out.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>The same lease, to be given back here first.</summary>
    public RecordLease Enter(RecordLease lease)
    {
        int place;
        int use;
        lock (_gate)
        {
            if (_free >= 0)
            {
                place = _free;
                _free = _entries[place].NextFree;
            }
            else
            {
                place = _used++;
                if (place == _entries.Length)
                {
                    Array.Resize(ref _entries, _entries.Length * 2);
                }
            }

            ref Entry entry = ref _entries[place];
            entry.Owner = lease.Owner;
            entry.Token = lease.Token;
            entry.IsOut = true;
            use = ++entry.Use;
            _count++;
        }

        return new RecordLease(lease.Bytes, lease.Info, this, ((long)use << 32) | (uint)place);
    }

    /// <inheritdoc/>
    public void Release(long token)
    {
        int place = (int)(token & uint.MaxValue);
        IRecordLeaseOwner? owner;
        long inner;
        lock (_gate)
        {
            ref Entry entry = ref _entries[place];
            if (!entry.IsOut || entry.Use != (int)(token >> 32))
            {
                throw check.Misused("read", "a lease is given back a second time");
            }

            (owner, inner) = (entry.Owner, entry.Token);
            entry.Owner = null;
            entry.IsOut = false;
            entry.NextFree = _free;
            _free = place;
            _count--;
        }

        owner?.Release(inner);
    }

    private struct Entry
    {
        public IRecordLeaseOwner? Owner;
        public long Token;
        public int Use;
        public int NextFree;
        public bool IsOut;
    }
}
