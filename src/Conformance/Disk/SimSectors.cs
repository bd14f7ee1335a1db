namespace Mortise.Conformance;

/// <summary>The most hostile survivor of unsynced writes: each sector of its own age.</summary>
internal static class SimSectors
{
    public static void Reorder(SimContent content, List<SimChange> pending, Random random)
    {
        if (pending.Count == 0)
        {
            return;
        }

        long length = content.Length;
        List<long> lengths = [length];
        foreach (SimChange change in pending)
        {
            length = change.LengthAfter(length);
            lengths.Add(length);
        }

        // Changes of length cut bytes off in order of time as well: each sector sees those before its own moment.
        Dictionary<long, int> moments = [];
        for (int i = 0; i < pending.Count; i++)
        {
            SimChange change = pending[i];
            if (change.NewLength >= 0 && change.NewLength < lengths[i])
            {
                ZeroReached(
                    content, change.NewLength, lengths[i] - change.NewLength, i, moments, pending.Count, random);
            }

            if (change.Data is null)
            {
                ZeroReached(content, change.Offset, change.Count, i, moments, pending.Count, random);
                continue;
            }

            foreach ((long offset, int count) in Pieces(change.Offset, change.Count))
            {
                if (i < Moment(offset / SimDisk.SectorBytes, moments, pending.Count, random))
                {
                    content.Write(change.Data.AsSpan((int)(offset - change.Offset), count), offset);
                }
            }
        }

        content.SetLength(lengths[random.Next(lengths.Count)]);
    }

    private static void ZeroReached(
        SimContent content, long start, long count, int i, Dictionary<long, int> moments, int of, Random random)
    {
        // Beyond what is stored there is nothing to zero, however long a preallocation was.
        long stored = Math.Min(count, Math.Max(0, content.Length - start));
        foreach ((long offset, int length) in Pieces(start, stored))
        {
            if (i < Moment(offset / SimDisk.SectorBytes, moments, of, random))
            {
                content.Zero(offset, length);
            }
        }
    }

    private static int Moment(long sector, Dictionary<long, int> moments, int of, Random random)
    {
        if (!moments.TryGetValue(sector, out int moment))
        {
            moment = random.Next(of + 1);
            moments[sector] = moment;
        }

        return moment;
    }

    private static IEnumerable<(long Offset, int Count)> Pieces(long offset, long count)
    {
        long end = offset + count;
        while (offset < end)
        {
            int piece = (int)Math.Min(end - offset, SimDisk.SectorBytes - offset % SimDisk.SectorBytes);
            yield return (offset, piece);
            offset += piece;
        }
    }
}
