namespace Mortise.Conformance;

/// <summary>What a script does to a cache policy.</summary>
internal enum CacheOpKind
{
    /// <summary>Inserts a slot of so many bytes, and evicts.</summary>
    Insert = 1,

    /// <summary>Touches a slot, resident or not.</summary>
    Touch = 2,

    /// <summary>Removes a slot, resident or not.</summary>
    Remove = 3,

    /// <summary>Pins a slot.</summary>
    Pin = 4,

    /// <summary>Ends a pin.</summary>
    Unpin = 5,

    /// <summary>Changes the capacity to so many bytes, and evicts.</summary>
    Resize = 6,
}

/// <summary>One operation of a script.</summary>
internal readonly record struct CacheOp(CacheOpKind Kind, int Slot, int Bytes)
{
    public override string ToString() => Kind switch
    {
        CacheOpKind.Insert => $"insert({Slot}, {Bytes} bytes)",
        CacheOpKind.Resize => $"resize({Bytes} bytes)",
        _ => $"{Kind}({Slot})",
    };

    public static List<CacheOp> Mixed(Random random, int count, int slots, bool pins)
    {
        List<CacheOp> ops = [];
        for (int i = 0; i < count; i++)
        {
            int slot = random.Next(slots);
            int bytes = random.Next(30) == 0 ? random.Next(3000) : random.Next(100);
            ops.Add(random.Next(100) switch
            {
                < 45 => new CacheOp(CacheOpKind.Insert, slot, bytes),
                < 75 => new CacheOp(CacheOpKind.Touch, slot, 0),
                < 85 => new CacheOp(CacheOpKind.Remove, slot, 0),
                < 90 => new CacheOp(pins ? CacheOpKind.Pin : CacheOpKind.Touch, slot, 0),
                < 98 => new CacheOp(pins ? CacheOpKind.Unpin : CacheOpKind.Touch, slot, 0),
                _ => new CacheOp(CacheOpKind.Resize, 0, random.Next(2000)),
            });
        }

        return ops;
    }

    public static void Run(CacheShadow shadow, IReadOnlyList<CacheOp> ops)
    {
        foreach (CacheOp op in ops)
        {
            switch (op.Kind)
            {
                case CacheOpKind.Insert when !shadow.Resident.ContainsKey(op.Slot):
                    shadow.Insert(op.Slot, op.Bytes);
                    break;
                case CacheOpKind.Touch:
                    shadow.Touch(op.Slot, op.Slot + 1);
                    break;
                case CacheOpKind.Remove:
                    shadow.Remove(op.Slot);
                    break;
                case CacheOpKind.Pin or CacheOpKind.Unpin:
                    shadow.Pin(op.Slot, op.Kind == CacheOpKind.Pin);
                    break;
                case CacheOpKind.Resize:
                    shadow.Resize(op.Bytes);
                    break;
            }
        }
    }
}
