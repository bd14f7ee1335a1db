namespace Mortise.Conformance;

/// <summary>Decides what a crash leaves and builds the tree of it.</summary>
internal sealed class SimCrash
{
    private readonly SimDirectoryNode _root;
    private readonly Random _random;
    private readonly CrashModel _model;
    private readonly Dictionary<object, object> _copies = [];
    private readonly long _chosen;

    public SimCrash(SimDirectoryNode root, ulong seed, CrashModel model)
    {
        if (!Enum.IsDefined(model))
        {
            throw new ArgumentOutOfRangeException(nameof(model), model, "not a crash model");
        }

        _root = root;
        _random = Seeds.Generator(seed, (ulong)model);
        _model = model;
        _chosen = Choose();
    }

    /// <summary>Everything as the cache shows it, what lies between cache and disk included.</summary>
    public static SimDirectoryNode KeepCache(SimDirectoryNode root)
    {
        Dictionary<object, object> copies = [];
        return (SimDirectoryNode)Copy(root);

        object Copy(object node)
        {
            if (copies.TryGetValue(node, out object? done))
            {
                return done;
            }

            if (node is SimInode file)
            {
                return copies[node] = file.CopyWithCache();
            }

            SimDirectoryNode directory = (SimDirectoryNode)node;
            SimDirectoryNode copy = new();
            copies[node] = copy;
            foreach ((string name, object entry) in directory.Entries)
            {
                copy.Entries[name] = Copy(entry);
            }

            foreach ((string name, object entry) in directory.Durable)
            {
                copy.Durable[name] = Copy(entry);
            }

            foreach (SimNameChange change in directory.Pending)
            {
                copy.Pending.Add(change with { Node = Copy(change.Node) });
            }

            return copy;
        }
    }

    public SimDirectoryNode Survivors() => Survivor(_root);

    private SimDirectoryNode Survivor(SimDirectoryNode directory)
    {
        if (_copies.TryGetValue(directory, out object? done))
        {
            return (SimDirectoryNode)done;
        }

        SortedDictionary<string, object> names = new(directory.Durable, StringComparer.Ordinal);
        foreach (SimNameChange change in directory.Pending)
        {
            if (Survives(change.Sequence, isName: true))
            {
                change.TryApplyTo(names);
            }
        }

        SimDirectoryNode copy = new();
        _copies[directory] = copy;
        foreach ((string name, object entry) in names)
        {
            object there = entry is SimInode file ? Survivor(file) : Survivor((SimDirectoryNode)entry);
            copy.Entries[name] = there;
            copy.Durable[name] = there;
        }

        return copy;
    }

    private SimInode Survivor(SimInode file)
    {
        if (_copies.TryGetValue(file, out object? done))
        {
            return (SimInode)done;
        }

        SimContent content = file.Durable.Clone();
        switch (_model)
        {
            case CrashModel.Reordered:
                SimSectors.Reorder(content, file.Pending, _random);
                break;
            case CrashModel.GarbageTail:
                GrowWithGarbage(content, file.Pending);
                break;
            default:
                foreach (SimChange change in file.Pending)
                {
                    if (_model == CrashModel.TornLast && change.Sequence == _chosen && change.Data is not null)
                    {
                        change.ApplyTo(content, TornLength(change));
                    }
                    else if (Survives(change.Sequence, isName: false))
                    {
                        change.ApplyTo(content);
                    }
                }

                break;
        }

        SimInode copy = SimInode.FromBytes(content);
        _copies[file] = copy;
        return copy;
    }

    private bool Survives(long sequence, bool isName) => _model switch
    {
        CrashModel.SyncedOnly => false,
        CrashModel.KeepAll => true,
        CrashModel.Prefix or CrashModel.TornLast => sequence <= _chosen,
        CrashModel.RandomSubset or CrashModel.Reordered => _random.Next(2) == 0,
        CrashModel.DropOne => sequence != _chosen,
        CrashModel.OnlyOne => sequence == _chosen,
        CrashModel.NamesLost => !isName,
        _ => isName,
    };

    /// <summary>The change that the model singles out; 0 when nothing is pending or none is wanted.</summary>
    private long Choose()
    {
        if (_model is not (CrashModel.Prefix or CrashModel.TornLast or CrashModel.DropOne or CrashModel.OnlyOne))
        {
            return 0;
        }

        SortedSet<long> pending = [];
        Collect(_root, pending, []);
        if (pending.Count == 0)
        {
            return 0;
        }

        List<long> ordered = [.. pending];
        int at = _random.Next(_model == CrashModel.Prefix ? -1 : 0, ordered.Count);
        return at < 0 ? 0 : ordered[at];
    }

    private static void Collect(object node, SortedSet<long> pending, HashSet<object> seen)
    {
        if (!seen.Add(node))
        {
            return;
        }

        if (node is SimInode file)
        {
            foreach (SimChange change in file.Pending)
            {
                pending.Add(change.Sequence);
            }

            return;
        }

        SimDirectoryNode directory = (SimDirectoryNode)node;
        foreach (SimNameChange change in directory.Pending)
        {
            pending.Add(change.Sequence);
            Collect(change.Node, pending, seen);
        }

        foreach (object entry in directory.Entries.Values)
        {
            Collect(entry, pending, seen);
        }

        foreach (object entry in directory.Durable.Values)
        {
            Collect(entry, pending, seen);
        }
    }

    /// <summary>How much of a torn write is there: it ends where a sector of the file ends, or is missing.</summary>
    private int TornLength(SimChange change)
    {
        int firstSector = (int)(SimDisk.SectorBytes - change.Offset % SimDisk.SectorBytes);
        int wholeSectors = change.Data!.Length <= firstSector
            ? 0
            : (change.Data.Length - firstSector - 1) / SimDisk.SectorBytes + 1;
        int kept = _random.Next(wholeSectors + 1);
        return kept == 0 ? 0 : Math.Min(change.Data.Length, firstSector + (kept - 1) * SimDisk.SectorBytes);
    }

    private void GrowWithGarbage(SimContent content, List<SimChange> pending)
    {
        long length = content.Length;
        foreach (SimChange change in pending)
        {
            length = change.LengthAfter(length);
        }

        byte[] garbage = new byte[SimContent.PageBytes];
        foreach (SimChange change in pending)
        {
            long end = change.Data is null ? 0 : Math.Min(length, change.Offset + change.Count);
            for (long at = Math.Max(content.Length, change.Offset); at < end;)
            {
                Span<byte> piece = garbage.AsSpan(0, (int)Math.Min(garbage.Length, end - at));
                _random.NextBytes(piece);
                content.Write(piece, at);
                at += piece.Length;
            }
        }

        content.SetLength(length);
    }
}
