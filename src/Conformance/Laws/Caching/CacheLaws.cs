using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="ICachePolicy"/>.</summary>
public static class CacheLaws
{
    private const int Capacity = 1000;

    /// <summary>All of them.</summary>
    public static LawSuite<CachePolicySubject> Suite { get; } = UnloadLaw.AddTo(
        Policies(), LawContract.CachePolicy, static (subject, seed) =>
        {
            ICachePolicy policy = subject.Create(Capacity, seed);
            policy.Insert(new CacheSlot(1), 1, Capacity + 1);
            policy.TryEvict(out _);
        });

    private static LawSuite<CachePolicySubject> Policies() => new LawSuite<CachePolicySubject>().Group("policy")
        .Add(
            Must("CP1", "After TryEvict has answered false, the weight is within the capacity or everything resident "
                + "is pinned; none is named while there is room."),
            Told(Capacities))
        .Add(Must("CP2", "A victim was resident, is not pinned, is named once, and is gone."), Random)
        .Add(
            Must("CP3", "Inserting a resident slot is an ArgumentException and changes nothing; after eviction or "
                + "removal the slot may come again."),
            Told(Twice))
        .Add(Must("CP4", "A pinned slot is never a victim; when all are pinned TryEvict answers false."), Told(Pinned))
        .Add(Must("CP5", "Count and WeightBytes equal the owner's own books after any calls."), Random)
        .Add(Must("CP6", "Touches, pins and removals of slots that are not resident are ignored."), Told(Strangers))
        .Add(Must("CP7", "Equal calls on equal seeds name equal victims."), Told(Deterministic))
        .Add(
            Must("CP8", "Weights of 0, 1, the capacity and more: an item above the capacity is the next victim itself "
                + "and drives nobody out."),
            Told(Weights))
        .Add(Must("CP9", "A smaller capacity evicts to fit, a larger one evicts nobody, 0 empties."), Told(Resizing))
        .Add(Must("CP10", "Removing a slot frees its weight exactly once."), Told(Removal))
        .Add(
            new Law
            {
                Id = "CP11",
                Contract = LawContract.CachePolicy,
                Level = LawLevel.Performance,
                Text = "No member allocates once the number of slots has stopped growing.",
            },
            Allocations)
        .Add(
            Must("CP12", "A policy with a reference names the same victims in the same order.", LawNeeds.Reference),
            SameAsReference)
        .Add(
            Must("CP15", "Removing all slots brings Count and WeightBytes back to 0, also after much churn."),
            Told(Emptied));

    private static Action<LawRun, CachePolicySubject> Told(Action<LawRun, CachePolicySubject> check) =>
        (run, subject) => RecordedPolicy.Telling(run, subject, check);

    private static Law Must(string id, string text, LawNeeds needs = LawNeeds.None) =>
        new() { Id = id, Contract = LawContract.CachePolicy, Text = text, Needs = needs };

    private static CacheShadow Shadow(LawRun run, CachePolicySubject subject, long capacity = Capacity) =>
        new(subject.Create(capacity, run.Seed));

    private static void Capacities(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        for (int i = 0; i < run.Scale(5000, 50_000, 500_000); i++)
        {
            shadow.Insert(i, i % 97);
            if (i % 3 == 0)
            {
                shadow.Touch(i, i - 1, i - 5);
            }
        }
    }

    private static void Random(LawRun run, CachePolicySubject subject) =>
        run.Explore(
            run.Scale(30, 300, 3000), random => CacheOp.Mixed(random, 500, 60, pins: true),
            (seed, ops) => CacheOp.Run(new CacheShadow(subject.Create(Capacity, seed)), ops));

    private static void Twice(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        shadow.Insert(3, 10);
        LawRun.Throws<ArgumentException>(
            () => shadow.Policy.Insert(new CacheSlot(3), 1, 20), "inserting a resident slot");
        shadow.Check();
        LawRun.Throws<ArgumentException>(() => shadow.Policy.Insert(new CacheSlot(4), 1, -1), "a negative weight");
        LawRun.Throws<ArgumentException>(() => shadow.Policy.Insert(new CacheSlot(-1), 1, 1), "a negative slot");
        LawRun.Throws<ArgumentException>(() => shadow.Policy.Resize(-1), "a negative capacity");
        shadow.Check();
        shadow.Remove(3);
        shadow.Insert(3, 30);
        shadow.Insert(5, 990);
        foreach (int victim in shadow.Victims.ToArray())
        {
            shadow.Insert(victim, 1);
        }
    }

    private static void Pinned(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        for (int i = 0; i < 10; i++)
        {
            shadow.Insert(i, 100);
            shadow.Pin(i, pinned: true);
        }

        shadow.Insert(10, 100);
        LawRun.Require(
            shadow.Victims.SequenceEqual([10]), "with ten pinned slots the eleventh is the only possible victim");
        shadow.Insert(11, 0);
        shadow.Pin(11, pinned: true);
        shadow.Resize(300);
        LawRun.Require(shadow.Resident.Count == 11, "a pinned slot was dropped");
        shadow.Pin(4, pinned: false);
        shadow.Evict();
        LawRun.Require(shadow.Victims[^1] == 4, "a slot whose pin ended is not evicted");
        shadow.Remove(5);
        shadow.Insert(5, 100);
        LawRun.Require(shadow.Victims[^1] == 5, "a pin outlived the slot it was set on");
    }

    private static void Strangers(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        shadow.Touch(0, 7, 100_000);
        shadow.Pin(7, pinned: true);
        shadow.Pin(8, pinned: true);
        shadow.Remove(7);
        shadow.Insert(7, 600);
        shadow.Insert(8, 600);
        LawRun.Require(
            shadow.Victims.Count == 1,
            $"{shadow.Victims.Count} victims for one item too many: a pin of a stranger stuck");
        shadow.Touch(shadow.Victims[0]);
        shadow.Remove(shadow.Victims[0]);
    }

    private static void Deterministic(LawRun run, CachePolicySubject subject)
    {
        for (int i = 0; i < run.Scale(10, 50, 500); i++)
        {
            ulong seed = Seeds.Derive(run.Seed, (ulong)i);
            List<CacheOp> ops = CacheOp.Mixed(Seeds.Generator(seed), 800, 80, pins: true);
            CacheShadow first = new(subject.Create(Capacity, seed));
            CacheShadow second = new(subject.Create(Capacity, seed));
            CacheOp.Run(first, ops);
            CacheOp.Run(second, ops);
            LawRun.Require(first.Victims.SequenceEqual(second.Victims), "equal calls named different victims");
        }
    }

    private static void Weights(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        shadow.Insert(0, 0);
        shadow.Insert(1, 1);
        shadow.Insert(2, 900);
        LawRun.Require(shadow.Victims.Count == 0, "victims were named while all fits");
        shadow.Insert(3, Capacity + 1);
        LawRun.Require(
            shadow.Victims.SequenceEqual([3]),
            $"an item above the capacity drove out {string.Join(", ", shadow.Victims)}");
        shadow.Insert(4, int.MaxValue);
        LawRun.Require(shadow.Victims.SequenceEqual([3, 4]), "an item of 2 GiB drove somebody out");
        shadow.Insert(5, Capacity);
        LawRun.Require(shadow.Resident.ContainsKey(5), "an item of just the capacity does not stay");
        CacheShadow large = Shadow(run, subject, long.MaxValue);
        for (int i = 0; i < 10; i++)
        {
            large.Insert(i, int.MaxValue);
        }

        LawRun.Require(large.Policy.WeightBytes == 10L * int.MaxValue, "weights overflow");
    }

    private static void Resizing(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        for (int i = 0; i < 50; i++)
        {
            shadow.Insert(i, 20);
        }

        shadow.Resize(5000);
        LawRun.Require(shadow.Victims.Count == 0, "a larger capacity evicted somebody");
        shadow.Resize(100);
        LawRun.Require(shadow.Resident.Count == 5, $"{shadow.Resident.Count} items of 20 bytes stay in 100");
        shadow.Resize(0);
        LawRun.Require(shadow.Resident.Count == 0, "a capacity of 0 kept somebody");
    }

    private static void Removal(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject);
        for (int i = 0; i < 40; i++)
        {
            shadow.Insert(i, 30);
        }

        foreach (int victim in shadow.Victims)
        {
            shadow.Policy.Remove(new CacheSlot(victim));
            shadow.Check();
        }

        foreach (int slot in shadow.Resident.Keys.ToArray())
        {
            shadow.Remove(slot);
            shadow.Policy.Remove(new CacheSlot(slot));
            shadow.Check();
        }
    }

    private static void Allocations(LawRun run, CachePolicySubject subject)
    {
        ICachePolicy policy = subject.Create(100_000, run.Seed);
        CacheSlot[] touched = [new(1), new(5), new(900)];
        Churn(policy, touched, 20_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Churn(policy, touched, 20_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        LawRun.Require(allocated == 0, $"{allocated} bytes were allocated in 20,000 insertions of a warm policy");
    }

    private static void Churn(ICachePolicy policy, CacheSlot[] touched, int count)
    {
        for (int i = 0; i < count; i++)
        {
            CacheSlot slot = new(i % 1000);
            policy.Remove(slot);
            policy.Insert(slot, (ulong)i, 200);
            policy.Touch(touched);
            while (policy.TryEvict(out _))
            {
            }
        }
    }

    private static void SameAsReference(LawRun run, CachePolicySubject subject) =>
        run.Explore(
            run.Scale(30, 300, 3000), random => CacheOp.Mixed(random, 500, 60, pins: false),
            (seed, ops) =>
            {
                CacheShadow found = new(subject.Create(Capacity, seed));
                CacheShadow expected = new(subject.Reference!(Capacity));
                CacheOp.Run(found, ops);
                CacheOp.Run(expected, ops);
                int same = found.Victims.Zip(expected.Victims).TakeWhile(pair => pair.First == pair.Second).Count();
                LawRun.Require(
                    found.Victims.SequenceEqual(expected.Victims),
                    $"victim {same} is {(same < found.Victims.Count ? found.Victims[same] : "nobody")}, the reference "
                        + $"names {(same < expected.Victims.Count ? expected.Victims[same] : "nobody")}");
            });

    private static void Emptied(LawRun run, CachePolicySubject subject)
    {
        CacheShadow shadow = Shadow(run, subject, 50_000);
        for (int i = 0; i < run.Scale(20_000, 200_000, 2_000_000); i++)
        {
            int slot = i % 1500;
            if (shadow.Resident.ContainsKey(slot))
            {
                shadow.Policy.Touch([new CacheSlot(slot)]);
                continue;
            }

            shadow.Policy.Insert(new CacheSlot(slot), (ulong)i, i % 300);
            while (shadow.Policy.TryEvict(out _))
            {
            }

            shadow = i % 1500 == 1499 ? Restarted(shadow) : shadow;
        }

        static CacheShadow Restarted(CacheShadow old)
        {
            for (int slot = 0; slot < 1500; slot++)
            {
                old.Policy.Remove(new CacheSlot(slot));
            }

            LawRun.Require(
                old.Policy.Count == 0 && old.Policy.WeightBytes == 0,
                $"with every slot removed Count is {old.Policy.Count} and WeightBytes {old.Policy.WeightBytes}");
            return new CacheShadow(old.Policy);
        }
    }
}
