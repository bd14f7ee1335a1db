using Mortise.Components;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Checks that every index family says exactly what the live records say: nothing missing, nothing extra, nothing
/// dangling.</summary>
/// <remarks>Reads everything; memory does not grow with the store. Run it while nobody writes: it compares a view with
/// records as they are. Findings name the family as file; at most <see cref="MaxFindings"/> are kept per family, all are
/// counted.</remarks>
public sealed class AgreementCheck
{
    /// <summary>Findings that are kept per family.</summary>
    public const int MaxFindings = 100;

    private readonly StoreView _view;
    private readonly CancellationToken _cancellation;
    private readonly FamilyCheck[] _families;

    private AgreementCheck(StoreView view, CancellationToken cancellation)
    {
        _view = view;
        _cancellation = cancellation;
        _families = [.. view.Families.Select(static f => new FamilyCheck(f))];
    }

    /// <summary>Checks all families of a view.</summary>
    /// <param name="view">The state to check; nobody may write meanwhile.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    public static AgreementReport Run(StoreView view, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        var check = new AgreementCheck(view, cancellation);
        var records = new RecordPass(check, isLookingForMissing: false);
        view.ScanRecords(ScanDirection.Forward, ref records);
        foreach (FamilyCheck family in check._families)
        {
            check.CheckEntries(family);
        }

        if (Array.Exists(check._families, static f => f.Valid != f.Expected))
        {
            var missing = new RecordPass(check, isLookingForMissing: true);
            view.ScanRecords(ScanDirection.Forward, ref missing);
        }

        return new AgreementReport
        {
            Records = check._families.Length == 0 ? 0 : check._families[0].Records,
            Families = [.. check._families.Select(static f => f.Report())],
        };
    }

    private void CheckEntries(FamilyCheck family)
    {
        // In any order, so that partitions are opened one after the other.
        using FamilyCursor cursor = family.View.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.NewestFirst);
        while (cursor.MoveNext())
        {
            _cancellation.ThrowIfCancellationRequested();
            family.Entries++;
            string? problem = Problem(family, cursor);
            if (problem is null)
            {
                family.Valid++;
            }
            else
            {
                family.Add("extra-entry", $"entry 0x{Convert.ToHexStringLower(cursor.Key)}: {problem}");
            }
        }
    }

    private string? Problem(FamilyCheck family, FamilyCursor cursor)
    {
        try
        {
            using RecordLease lease = _view.Records.Read(cursor.Location);
            if (lease.Info.IsDeleted)
            {
                return $"the record at {cursor.Location} is deleted";
            }

            if (!family.Keys.Of(family.View.Projection, lease.Bytes).Contains(cursor.Key))
            {
                return $"the record at {cursor.Location} has no such key";
            }

            bool shouldBeInline = lease.Bytes.Length <= family.View.InlineBelowBytes;
            return shouldBeInline ? InlineProblem(cursor.Inline.SequenceEqual(lease.Bytes)) : InlineProblem(cursor.Inline.IsEmpty);
        }
        catch (StorageException e) when (e.Code is StorageErrorCode.NotFound or StorageErrorCode.Corrupt)
        {
            return e.Message;
        }
    }

    private static string? InlineProblem(bool isRight) => isRight ? null : "the inline copy is not the record";

    private struct RecordPass(AgreementCheck check, bool isLookingForMissing) : IRecordSink
    {
        public readonly bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            check._cancellation.ThrowIfCancellationRequested();
            foreach (FamilyCheck family in check._families)
            {
                KeySet keys = family.Keys.Of(family.View.Projection, record);
                if (isLookingForMissing)
                {
                    foreach (byte[] key in keys.Keys)
                    {
                        family.RequireEntry(key, location);
                    }
                }
                else
                {
                    family.Records++;
                    family.Expected += keys.Count;
                }
            }

            return true;
        }
    }

    private sealed class FamilyCheck(FamilyView view)
    {
        private readonly List<Finding> _findings = [];

        public FamilyView View { get; } = view;

        public KeySet Keys { get; } = new();

        public long Records { get; set; }

        public long Expected { get; set; }

        public long Entries { get; set; }

        public long Valid { get; set; }

        private long Problems { get; set; }

        public void Add(string code, string message)
        {
            Problems++;
            if (_findings.Count < MaxFindings)
            {
                _findings.Add(new Finding(code, View.Name, -1, message));
            }
        }

        public void RequireEntry(ReadOnlySpan<byte> key, RecordLocation location)
        {
            Span<byte> end = stackalloc byte[key.Length];
            using FamilyCursor cursor = View.OpenCursor(KeyRange.WithPrefix(key, end), OrdinalRange.All, EntryOrder.ByKey);
            while (cursor.MoveNext())
            {
                if (cursor.Key.SequenceEqual(key) && cursor.Location == location)
                {
                    return;
                }
            }

            Add("missing-entry", $"no entry 0x{Convert.ToHexStringLower(key)} for the record at {location}");
        }

        public FamilyAgreement Report() => new()
        {
            Family = View.Name,
            Entries = Entries,
            Expected = Expected,
            Problems = Problems,
            Findings = _findings,
        };
    }
}
