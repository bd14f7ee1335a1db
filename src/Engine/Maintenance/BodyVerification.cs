using Mortise.Components;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Checks that the bodies which commits refer to are whole, behind the last checkpoint.</summary>
internal sealed class BodyVerification : IDisposable
{
    /// <summary>Of a finding that a durable body is not there.</summary>
    public const string Code = "log-body";

    private readonly CommitContent _commit = new();
    private readonly CommitBodies? _bodies;
    private readonly Lsn _checkpoint;
    private Lsn _durable;
    private string _file = "";
    private long _offset;

    /// <param name="composition">The stack; only read.</param>
    /// <param name="manifest">Of the store; without one nothing is checked.</param>
    public BodyVerification(StoreComposition composition, StoreManifest? manifest)
    {
        if (manifest is not null && composition.Root.Exists(OpenedParts.RecordsDirectory)
            && composition.Records.Examiner is IStagedRecords)
        {
            _bodies = new CommitBodies(composition.Records, new OverlayDirectory(composition.Root), manifest.StoreId);
            _checkpoint = new Lsn(Math.Max(manifest.CheckpointLsn, manifest.RecordsDurableLsn));
        }
    }

    /// <summary>The first commit with a body that is not whole; none when all are.</summary>
    public Lsn TornFrom { get; private set; }

    /// <summary>The damage, when something says that those bodies were durable.</summary>
    public Finding? Finding => TornFrom != Lsn.None && TornFrom <= _durable
        ? new Finding(Code, _file, _offset, Describe(TornFrom, _durable))
        : null;

    /// <summary>Says that a body was durable and is not there.</summary>
    public static string Describe(Lsn lsn, Lsn durable) =>
        $"record {lsn}: a body that it put is not in the record store as it was written; it was durable, as every commit up "
        + $"to {durable}";

    /// <summary>Takes the next whole record of the log.</summary>
    public void Visit(in LogDumpRecord record, ReadOnlySpan<byte> payload)
    {
        if (_bodies is null || record.Lsn <= _checkpoint || payload.IsEmpty)
        {
            return;
        }

        try
        {
            CommitFormat.Read(record.Lsn, payload, _commit);
        }
        catch (StorageException e) when (e.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew)
        {
            // Whole as the log knows it; what it means is for the engine that opens it to refuse.
            return;
        }

        _durable = Lsn.Max(_durable, _commit.Durable);
        if (TornFrom == Lsn.None && !_bodies.TryFind(record.Lsn, payload, _commit, out _))
        {
            TornFrom = record.Lsn;
            _file = record.File;
            _offset = record.Offset;
        }
    }

    public void Dispose() => _bodies?.Dispose();
}
