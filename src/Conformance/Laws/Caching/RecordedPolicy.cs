using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>A policy that notes what it is told, so that a broken law can show the calls that led to it.</summary>
internal sealed class RecordedPolicy(ICachePolicy policy, long capacity, ulong seed) : ICachePolicy
{
    private const int MostShown = 40;

    private readonly List<CacheOp> _calls = [];

    public long FirstCapacity { get; } = capacity;

    public ulong Seed { get; } = seed;

    public string Name => policy.Name;

    public long CapacityBytes => policy.CapacityBytes;

    public long WeightBytes => policy.WeightBytes;

    public int Count => policy.Count;

    /// <summary>Runs a check; when it breaks without a list of operations, once more with one.</summary>
    public static void Telling(LawRun run, CachePolicySubject subject, Action<LawRun, CachePolicySubject> check)
    {
        try
        {
            check(run, subject);
        }
        catch (LawBrokenException broken) when (broken.Script.Count == 0)
        {
            RecordedPolicy? last = null;
            try
            {
                check(run, new CachePolicySubject
                {
                    Name = subject.Name,
                    Create = (capacity, seed) =>
                        last = new RecordedPolicy(subject.Create(capacity, seed), capacity, seed),
                    Reference = subject.Reference,
                });
            }
            catch (LawBrokenException)
            {
                // As before.
            }

            if (last is null)
            {
                throw;
            }

            // Where the owner's books alone show it, the fewest calls that do.
            run.Explore<CacheOp>(
                1,
                _ => [.. last._calls],
                (_, calls) => CacheOp.Run(new CacheShadow(subject.Create(last.FirstCapacity, last.Seed)), calls));
            int shown = Math.Min(MostShown, last._calls.Count);
            throw new LawBrokenException(
                $"{broken.Message}\nthe last {shown} of {last._calls.Count} calls, of a policy of {last.FirstCapacity} "
                    + "bytes:",
                broken.InnerException)
            {
                Script = [.. last._calls.TakeLast(shown).Select(static call => call.ToString())],
            };
        }
    }

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        // What is refused was no call that counts.
        policy.Insert(slot, keyHash, weightBytes);
        _calls.Add(new CacheOp(CacheOpKind.Insert, slot.Index, weightBytes));
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            _calls.Add(new CacheOp(CacheOpKind.Touch, slot.Index, 0));
        }

        policy.Touch(slots);
    }

    public void Remove(CacheSlot slot)
    {
        _calls.Add(new CacheOp(CacheOpKind.Remove, slot.Index, 0));
        policy.Remove(slot);
    }

    public void SetPinned(CacheSlot slot, bool pinned)
    {
        _calls.Add(new CacheOp(pinned ? CacheOpKind.Pin : CacheOpKind.Unpin, slot.Index, 0));
        policy.SetPinned(slot, pinned);
    }

    public bool TryEvict(out CacheSlot victim) => policy.TryEvict(out victim);

    public void Resize(long capacityBytes)
    {
        policy.Resize(capacityBytes);
        _calls.Add(new CacheOp(CacheOpKind.Resize, 0, (int)Math.Min(int.MaxValue, capacityBytes)));
    }
}
