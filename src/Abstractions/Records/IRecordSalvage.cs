using Mortise.Components;

namespace Mortise.Records;

/// <summary>Capability of an <see cref="IRecordStore"/> that can scan around damage.</summary>
/// <remarks>Threads and buffers: as <see cref="IRecordStore.Scan{TSink}"/>.</remarks>
public interface IRecordSalvage
{
    /// <summary>Pushes all live records that can be read, in location order, and reports every place where one cannot.
    /// A damaged region costs the records in it and no others, in either direction.</summary>
    /// <param name="direction">Ascending or descending locations.</param>
    /// <param name="report">Called once per damaged region, with the file, the offset and the bytes lost.</param>
    /// <param name="sink">Stops by returning false.</param>
    void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct;
}
