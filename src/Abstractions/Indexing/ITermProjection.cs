namespace Mortise.Indexing;

/// <summary>Says which terms a record has and which terms a search wants: the meaning of an index of words, of names,
/// of places on a map.</summary>
/// <remarks>
/// <para>Role: a third party's own index. A record is found when it has every term of the search. The domain makes keys
/// of the terms and puts the order of results behind them, so that what is found comes in that order, a search of
/// several terms is an intersection, and nothing is known here of keys, locations or time.</para>
/// <para>Threads: any, several at once. No state, no I/O. It may not throw for any bytes: records hold what strangers
/// wrote.</para>
/// <para>Law: equal fields give equal terms, in every process and version with the same
/// <see cref="FormatVersion"/>.</para>
/// </remarks>
public interface ITermProjection
{
    /// <summary>Changes whenever any record's terms change, by a new version or by options; the index is then
    /// rebuilt.</summary>
    int FormatVersion { get; }

    /// <summary>The longest term in bytes, 1 to 255.</summary>
    int MaxTermBytes { get; }

    /// <summary>Emits the terms of a record.</summary>
    /// <param name="record">Its fields.</param>
    /// <param name="sink">Receives the terms, in any order; one emitted twice counts once.</param>
    void Project<TRecord>(in TRecord record, ITermSink sink)
        where TRecord : IRecordFields, allows ref struct;

    /// <summary>Emits the terms that a record must have, all of them, to meet a search.</summary>
    /// <param name="search">UTF-8 as a person typed it; any bytes.</param>
    /// <param name="sink">Receives the terms; none means that every record meets it.</param>
    void Parse(ReadOnlySpan<byte> search, ITermSink sink);
}
