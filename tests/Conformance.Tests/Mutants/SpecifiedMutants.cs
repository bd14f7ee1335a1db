namespace Mortise.Conformance.Tests.Mutants;

/// <summary>The fifty broken plugins that the kit's specification lists, and what stands for each of them here.</summary>
internal static class SpecifiedMutants
{
    private const LawContract Log = LawContract.Log;
    private const LawContract Records = LawContract.RecordStore;
    private const LawContract Index = LawContract.IndexFamily;
    private const LawContract Cache = LawContract.CachePolicy;
    private const LawContract Partition = LawContract.PartitionScheme;

    public static IReadOnlyList<SpecifiedMutant> All { get; } =
    [
        new(1, "commit acknowledged before the log is synced", "",
            (Log, "WL3", "acknowledges before the sync"), (Records, "RS8", "acknowledges before the sync")),
        new(2, "fsync on the file, none on the directory", "",
            (Log, "WL13", "never syncs the directory"), (Records, "RS8", "never syncs the directory")),
        new(3, "retries the sync after EIO and reports success", "",
            (Log, "WL7", "a failed sync is retried and called done"),
            (Records, "RS26", "a failed sync is retried and called done"),
            (Index, "IX29", "a failed sync is retried and called done")),
        new(4, "recovery stops quietly at a bad middle record", "",
            (Log, "WL10", "recovery stops quietly at a bad record in the middle")),
        new(5, "checksum omits the length field", "",
            (Log, "WL11", "the checksum covers neither the length nor the end of the payload")),
        new(6, "checksum omits the position: a stale recycled block replays",
            "Our contract has dense LSNs, so a record at another place has a wrong one whatever its checksum covers. "
            + "WL11 copies records over each other; the nearest mutant:",
            (Log, "WL4", "a full device leaves a record that is replayed")),
        new(7, "atomic group split over a segment edge",
            "A record is the atomic unit; there are no groups. The nearest mutants:",
            (Log, "WL5", "the checksum does not cover the payload"), (Log, "WL15", "cuts payloads at 64 KiB")),
        new(8, "reverse scan skips a key at a block edge", "Also found without an oracle: `StackComparisonTests`.",
            (Index, "IX3", "a backward scan skips a key at a block's edge"),
            (Records, "RS3", "a backward scan skips a record at a block's edge")),
        new(9, "cursor re-seeks after a split and repeats a key", "",
            (Index, "IX4", "a cursor gives a key again after a change")),
        new(10, "returns a span into a reused buffer", "",
            (Records, "RS5", "hands out a buffer that the next read overwrites"),
            (Records, "RS15", "readers share a buffer")),
        new(11, "keeps the caller's key memory",
            "Keys and payloads come as spans, which the language does not let anybody keep; they are overwritten after "
            + "every call all the same."),
        new(12, "snapshot pins a sequence but reads the live index", "",
            (Index, "IX2", "a snapshot reads the live index")),
        new(13, "batch applied key by key without a barrier", "", (Index, "IX15", "applies a batch in two halves")),
        new(14, "tombstone dropped while an older level holds the key", "",
            (Index, "IX5", "forgets removals"), (Records, "RS11", "forgets deletions of old records")),
        new(15, "sequence restarts after delete-all and reopen", "",
            (Log, "WL21", "starts at 1 again when all was truncated")),
        new(16, "empty value stored as delete", "", (Index, "IX11", "takes an empty value for a removal")),
        new(17, "signed-byte or culture-aware compare", "",
            (Index, "IX3", "keys are compared as signed bytes"), (Records, "RS14", "takes records for text")),
        new(18, "[a,b] treated as [a,b)", "In our contract the end is excluded; the mutant includes it.",
            (Index, "IX13", "the end of a range is included")),
        new(19, "compaction resets AppliedThrough too high", "", (Index, "IX7", "DurableLsn is what was applied")),
        new(20, "Apply counts twice on replay", "", (Index, "IX6", "counts a second set of the same value"),
            (Records, "RS6", "applies old batches again")),
        new(21, "rebuild swaps files without a directory sync", "",
            (Index, "IX8", "renames before it syncs"), (Log, "WL13", "never syncs the directory")),
        new(22, "unique check outside the lock",
            "No index is unique: uniqueness is decided by the one writer, above the structures."),
        new(23, "update forgets the old entry", "To a structure an update is a removal and a set.",
            (Index, "IX5", "forgets removals")),
        new(24, "composite key by plain concatenation",
            "Keys are made by projections of the domain; a structure must not confuse what they made:",
            (Index, "IX12", "keys end at their first zero byte")),
        new(25, "bloom-like index without Recheck",
            "No structure may be lossy; one that gives what is not there breaks the map law:",
            (Index, "IX1", "a lookup does not see the newest batch")),
        new(26, "evicts a pinned slot when full", "", (Cache, "CP4", "evicts a pinned slot when all is pinned")),
        new(27, "weight subtracted on evict and on remove", "",
            (Cache, "CP10", "subtracts the weight again when an evicted slot is removed")),
        new(28, "oversized insert first evicts everything", "",
            (Cache, "CP8", "an item that is too large drives everybody out first")),
        new(29, "cursor dispose leaks a file handle", "", (Index, "C9", "leaks file handles")),
        new(30, "timer started in open, never stopped", "", (Log, "C9", "leaves a timer running")),
        new(31, "dispose deadlocks with a running scan", "",
            (Log, "C2", "disposal deadlocks with a running call")),
        new(32, "swallows OperationCanceledException, returns success", "",
            (Log, "C5", "a cancelled sync counts as done"), (Records, "C5", "a cancelled checkpoint counts as done")),
        new(33, "mutates state, then validates arguments", "",
            (Log, "C3", "appends, then looks at its argument"), (Index, "C3", "applies, then looks at its argument")),
        new(34, "opens its own FileStream past the given files", "",
            (Log, "C12", "keeps a file of its own beside the store")),
        new(35, "compaction unlinks inputs before installing outputs", "",
            (Records, "RS9", "unlinks the old file before the new one has its name"),
            (Log, "WL25", "unlinks the old log before the new one has its name")),
        new(36, "claims a capability, throws NotSupported", "",
            (Index, "IX11", "claims a limit that it does not keep"),
            (Index, "IX40", "says that it is not persistent, and is")),
        new(37, "claims no limit, truncates at 64 KiB", "",
            (Records, "RS13", "cuts records at 64 KiB"), (Log, "WL15", "cuts payloads at 64 KiB")),
        new(38, "partition by string.GetHashCode", "", (Partition, "PS16", "routes by string.GetHashCode")),
        new(39, "Overlapping misses the last partition", "",
            (Partition, "PS4", "bounds that miss the last ordinal of a day")),
        new(40, "modulo with a negative hash", "",
            (Partition, "PS1", "a negative hash gives a negative partition")),
        new(41, "reopen with a changed count re-routes silently", "", (Partition, "PS8", "accepts any map")),
        new(42, "resize plan drops a moved range on a crash",
            "There is no resize plan: a family gets other partitions by being built anew beside the old one, and the "
            + "simulation cuts the power at every operation of that."),
        new(43, "log truncation off by one record", "", (Log, "WL14", "truncates one record too many")),
        new(44, "durable reader sees an unsynced tail", "A replay shows all; what is durable is told by DurableLsn.",
            (Log, "WL1", "says that it is durable before it is, for a moment")),
        new(45, "LRU that is FIFO", "", (Cache, "CP12", "says LRU and is FIFO")),
        new(46, "one hash seed per process", "", (Cache, "CP7", "chooses victims by chance")),
        new(47, "estimate returns 0 on overflow", "", (Index, "IX14", "an estimate of 0 for few entries")),
        new(48, "NaN key lost", "Keys are bytes; there are no numbers in the contracts."),
        new(49, "all I/O errors thrown as Exception", "",
            (Log, "C6", "errors of its own type"), (Records, "C6", "errors of its own type"),
            (Index, "C6", "errors of its own type")),
        new(50, "wrong-store file accepted", "",
            (Log, "WL20", "takes any store's log"), (Records, "RS23", "takes any store's files"),
            (Index, "IX21", "takes any store's files")),
    ];
}

/// <summary>One row of the specification's list.</summary>
/// <param name="Number">Its number there.</param>
/// <param name="Broken">What is broken, in its words.</param>
/// <param name="Remark">Why it does not apply, or how it was adapted; empty when it is as it was specified.</param>
/// <param name="Killed">Our mutants, each with the law that kills it.</param>
internal sealed record SpecifiedMutant(
    int Number, string Broken, string Remark, params (LawContract Contract, string Law, string Broken)[] Killed);
