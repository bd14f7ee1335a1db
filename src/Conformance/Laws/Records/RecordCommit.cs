using System.Collections.Immutable;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>A record as the oracle knows it.</summary>
internal sealed record KnownRecord(byte[] Body, ulong Lsn, bool IsDeleted);

/// <summary>One commit: bodies at planned places, and deletions.</summary>
internal sealed class RecordCommit
{
    private const byte Spent = 0xCC;

    public List<(RecordLocation Location, byte[] Body)> Puts { get; } = [];

    public List<RecordLocation> Deletes { get; } = [];

    /// <summary>Plans the places of random bodies, and chooses deletions among known records.</summary>
    public static RecordCommit Plan(
        IRecordStore store, int seed, int puts, ImmutableSortedDictionary<ulong, KnownRecord> state)
    {
        Random random = new(seed);
        List<byte[]> bodies = [];
        for (int i = 0; i < puts; i++)
        {
            byte[] body = new byte[random.Next(20) == 0 ? random.Next(1, 6000) : random.Next(1, 400)];
            random.NextBytes(body);
            bodies.Add(body);
        }

        RecordCommit commit = Of(store, bodies);
        int deletes = state.Count == 0 ? 0 : random.Next(3);
        for (int i = 0; i < deletes; i++)
        {
            RecordLocation victim = new(state.Keys.ElementAt(random.Next(state.Count)));
            if (!commit.Deletes.Contains(victim))
            {
                commit.Deletes.Add(victim);
            }
        }

        return commit;
    }

    /// <summary>Plans the places of bodies; requires that the places are strictly increasing.</summary>
    public static RecordCommit Of(IRecordStore store, List<byte[]> bodies)
    {
        int[] lengths = [.. bodies.Select(body => body.Length)];
        RecordLocation[] locations = new RecordLocation[bodies.Count];
        store.Plan(lengths, locations);
        RecordCommit commit = new();
        for (int i = 0; i < bodies.Count; i++)
        {
            LawRun.Require(locations[i] != RecordLocation.None, "a record was planned at location 0");
            LawRun.Require(i == 0 || locations[i] > locations[i - 1], "planned locations are not strictly increasing");
            commit.Puts.Add((locations[i], bodies[i]));
        }

        return commit;
    }

    /// <summary>Applies the commit, and overwrites the buffers that it was handed in.</summary>
    public void ApplyTo(IRecordStore store, Lsn lsn)
    {
        List<byte> bytes = [];
        List<RecordMutation> mutations = [];
        foreach ((RecordLocation location, byte[] body) in Puts)
        {
            mutations.Add(new RecordMutation(RecordOperation.Put, location, bytes.Count, body.Length));
            bytes.AddRange(body);
        }

        foreach (RecordLocation location in Deletes)
        {
            mutations.Add(new RecordMutation(RecordOperation.Delete, location, 0, 0));
        }

        byte[] arena = [.. bytes];
        RecordMutation[] given = [.. mutations];
        store.Apply(new RecordBatch(lsn, arena, given));
        arena.AsSpan().Fill(Spent);
        Array.Clear(given);
    }

    public ImmutableSortedDictionary<ulong, KnownRecord> ApplyTo(
        ImmutableSortedDictionary<ulong, KnownRecord> state, ulong lsn)
    {
        ImmutableSortedDictionary<ulong, KnownRecord>.Builder next = state.ToBuilder();
        foreach ((RecordLocation location, byte[] body) in Puts)
        {
            next[location.Value] = new KnownRecord(body, lsn, IsDeleted: false);
        }

        foreach (RecordLocation location in Deletes)
        {
            if (next.TryGetValue(location.Value, out KnownRecord? record))
            {
                next[location.Value] = record with { IsDeleted = true };
            }
        }

        return next.ToImmutable();
    }
}
