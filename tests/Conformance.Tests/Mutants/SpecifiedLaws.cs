namespace Mortise.Conformance.Tests.Mutants;

/// <summary>The laws and the features of the kit that its specification lists, and what became of those that are not
/// here as they were written.</summary>
internal static class SpecifiedLaws
{
    /// <summary>How many laws the specification has of each kind, and of which contract they are.</summary>
    public static IReadOnlyList<(string Prefix, int Count, LawContract Contract)> Counts { get; } =
    [
        ("C", 10, LawContract.Log), ("RS", 22, LawContract.RecordStore), ("IX", 18, LawContract.IndexFamily),
        ("WL", 20, LawContract.Log), ("CP", 15, LawContract.CachePolicy), ("PS", 15, LawContract.PartitionScheme),
    ];

    /// <summary>Laws that are missing or say something else here, and why.</summary>
    public static IReadOnlyList<(string Law, string Here)> Differing { get; } =
    [
        ("C7", "no law: the engine locks the store once, and a component owns its directory by the engine's promise"),
        ("RS2", "without range deletes and snapshots, which the contract does not have"),
        ("RS4", "another law: cursors are the index's (IX4); here Plan is pure"),
        ("RS5", "a lease instead of a snapshot"),
        ("RS6", "another law: batches are made atomic by the view that the engine publishes; here old batches are "
            + "ignored"),
        ("RS7", "another law: sequences are the log's (WL21), and no place is given out twice (RS4, RC2, RC5); here a recovery "
            + "that is cut"),
        ("RS8", "a checkpoint instead of durable and buffered writes: what came after it is the log's"),
        ("RS12", "another law: ranges are the index's (IX13); here what Plan refuses"),
        ("RS16", "no law: there is one writer. RS15 checks readers beside it"),
        ("RS18", "another law: spans of sinks are RS19 and the poisoned buffers; here the examiner"),
        ("RS21", "no law of that id: RD1 to RD5 say what a copy of a record store is; a backup of all parts is the engine's "
            + "(`StoreBackup`)"),
        ("RS22", "no law of that id: RC1 to RC4 say what reclaiming gives back"),
        ("IX2", "another law: no structure is lossy; here a snapshot never changes"),
        ("IX4", "another law: no structure is unique; here cursors beside changes"),
        ("IX9", "a load instead of a build; a build beside writes is the engine's, and `mortise simulate` switches families "
            + "under writes"),
        ("IX11", "sizes of keys and values: null, NaN and multiple values belong to projections"),
        ("IX16", "another law: definitions belong to projections; here what a batch must not be"),
        ("IX17", "ResetAsync instead of drop"),
        ("IX18", "flipped bits instead of planted entries: the examiner knows no oracle"),
        ("WL5", "a record is the atomic unit"),
        ("WL17", "one appender: the contract has one"),
        ("WL18", "a replay shows all that was appended; what is durable is told by DurableLsn"),
        ("WL20", "another store; another format version is C13, and C8 for what no version wrote"),
        ("CP8", "an item above the capacity is the next victim instead of being refused"),
        ("CP11", "no allocation; what a call costs at a million slots is measured (`bench/Caches`) and not judged: no law "
            + "takes the time"),
        ("CP12", "victim by victim, for a policy that calls itself by a name that everybody knows; how others stand up to "
            + "scans is measured (`bench/Caches`)"),
        ("CP13", "no law: hit rates on three traces are measured beside Belady's optimum (`bench/Caches`)"),
        ("CP14", "no law: the owner makes one call at a time"),
        ("PS3", "golden vectors: there is no bulk locate; another version's assignments are held to instead"),
        ("PS4", "Bounds instead of a list of partitions that overlap"),
        ("PS5", "another law: no range is asked for; here bounds are never inverted"),
        ("PS6", "another law: here Routing tells the truth; no scheme promises an order"),
        ("PS7", "another law: names; what is read back of a map is PS8"),
        ("PS9", "no law: there is no resize plan"),
        ("PS10", "no law: there is no resize plan"),
        ("PS11", "no law: a family gets other partitions by being built anew; `mortise simulate` cuts the power in it"),
        ("PS13", "no law: there is no key comparer"),
        ("PS14", "no more partitions than MaxPartitions, instead of counts"),
    ];

    /// <summary>The kit's features K1 to K21.</summary>
    public static IReadOnlyList<(string Feature, string Here)> Features { get; } =
    [
        ("three fronts, one engine", "`SubjectCatalog.CheckAll`, `PluginConformance<T>`, `mortise conformance`; `ConformanceTests` "
            + "(Cli) holds the first against the last"),
        ("laws are data", "`Law`; `mortise conformance laws --json`"),
        ("verdicts", "`LawVerdict`, each produced by a misbehaving plugin in `Cli.Tests`; none is called flaky: a law that "
            + "fails gives its seed"),
        ("completeness guard", "a front runs the whole suite; leaving out is said (`--skip`), and the run is then partial"),
        ("capability truth", "`LawNeeds` and `Law.Without`: what is not offered must be refused (IX40); limits at the limit and "
            + "one beyond (IX11, RS13, WL15)"),
        ("deterministic", "one seed, `SimClock`, `SimBackground`; the command that runs it again is in every "
            + "report; `KitTests` runs nine broken laws twice"),
        ("shrinking", "`LawRun.Explore`; the operations that are left are in the report, as text, and the seed gives "
            + "them again; `KitTests`: from 2,000 operations to at most 14, seven mutants"),
        ("fault file system", "`SimDisk`; held to the real one by `SimDiskFidelityTests`"),
        ("a crash at every write boundary", "`CrashSweep`, with eleven kinds of survivors and a kill: every boundary in the "
            + "standard tier (up to 400 of a script), up to 60 in smoke, the rest sampled evenly"),
        ("bypass detection", "`BypassScan` and C12; structures that open files themselves get real ones (`NativeFiles`), and "
            + "the laws that need the simulated disk are not applicable to them, and say so; no file system is mounted "
            + "below them, so a power cut is the end of a process there"),
        ("buffer poisoning", "buffers are overwritten when a call returns, mappings when they end, arrays when "
            + "they are back in the shared pool (C16)"),
        ("contract-check wrappers for production", "`decorate: [check]` in a stack, around all five contracts; "
            + "`GuardTests`, `DecoratedTests`; what it names is listed above"),
        ("each group of laws in a process of its own", "`WorkerProcess`, `Watchdog`: a hang or a crash is a verdict, "
            + "with what the process said last and the command that runs the law again; no dump is written"),
        ("leak laws", "C9 files, timers, registered work; C14 threads and tasks; C15 the load context; C16 arrays of the "
            + "shared pools: loans and returns are counted, also double ones"),
        ("metamorphic run", "`mortise simulate --stacks N`; `StackComparisonTests` has the mutant that it finds"),
        ("upgrade laws", "C13 on golden stores: `mortise conformance golden`"),
        ("reports", "`--report html,json,junit --badge`"),
        ("tiers", "`--tier smoke|standard|soak`; limits scaled by `MachineFactor`"),
        ("known failures with an expiry", "`mortise conformance --known FILE`: each with a reason and a day; one that holds is a failure"),
        ("matrix", "`mortise conformance matrix`"),
        ("self-proof", "the kill matrix below; references pass every law"),
    ];
}
