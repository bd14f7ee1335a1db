namespace Mortise.Indexing;

/// <summary>Says which keys a record has in an index family.</summary>
/// <remarks>
/// <para>Role: the meaning of an index, apart from its structure. A pure function of the record's bytes, so that a
/// family can be rebuilt from records, and a deleted record's entries can be found again.</para>
/// <para>Threads: any. No state, no I/O.</para>
/// <para>Law: equal bytes give equal keys, in every process and version with the same
/// <see cref="FormatVersion"/>.</para>
/// </remarks>
public interface IKeyProjection
{
    /// <summary>The name that stacks use: <c>author-time</c>.</summary>
    string Name { get; }

    /// <summary>Changes whenever any record's keys change; a family with another version is rebuilt.</summary>
    int FormatVersion { get; }

    /// <summary>Where the record's location is kept in an entry.</summary>
    LocationPlacement Placement { get; }

    /// <summary>The longest key it emits, in bytes, without the location.</summary>
    int MaxKeyBytes { get; }

    /// <summary>Emits the keys of a record.</summary>
    /// <param name="record">The record's bytes.</param>
    /// <param name="sink">Receives the keys, in any order; a key emitted twice counts once.</param>
    void Project(ReadOnlySpan<byte> record, IKeySink sink);
}
