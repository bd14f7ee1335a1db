using System.Globalization;
using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Files;
using Mortise.Host.Composition;
using Mortise.Simulation;

namespace Mortise.Cli;

/// <summary>A stack over a simulated world, with records of the simulation instead of events.</summary>
internal static class SimulatedStack
{
    /// <summary>Composes a stack; of families that would be alike one is kept.</summary>
    public static StoreComposition Compose(ResolvedStack stack, SimWorld world) =>
        Compose(stack, world, world.Disk.Root, Distinct);

    /// <summary>Composes a stack over a directory, with all its families in the order of the stack.</summary>
    public static StoreComposition ComposeWhole(ResolvedStack stack, SimWorld world, IStorageDirectory root) =>
        Compose(stack, world, root, static families => families);

    private static StoreComposition Compose(
        ResolvedStack stack,
        SimWorld world,
        IStorageDirectory root,
        Func<IReadOnlyList<FamilyPart>, IReadOnlyList<FamilyPart>> choose)
    {
        StoreComposition composition = StackComposer.Compose(
            stack,
            root,
            new HostServices
            {
                Time = world.Clock,
                Background = world.Background,
                Logs = _ => world.Log,
                Seed = world.Seed,
            }).Composition;
        return composition with
        {
            Families = [.. choose(composition.Families).Select(Project)],
            NewStoreId = () => world.StoreId,
            Options = new EngineOptions
            {
                SyncMode = composition.Options.SyncMode,
                BatchInterval = composition.Options.BatchInterval,
                BatchBytes = composition.Options.BatchBytes,
                MaxOpenPartitions = composition.Options.MaxOpenPartitions,

                // Checkpoints are steps of the script; one of its own accord would fall at another place each time.
                CheckpointBytes = new ByteSize(1L << 40),
                CheckpointInterval = TimeSpan.FromHours(10),

                // Some groups have their bodies in the log, most do not.
                BodiesOnceFrom = new ByteSize(400),

                // The same on every machine, so that a seed is.
                RebuildScans = 2,

                // Waiting for it must not bring one about.
                SealAfter = TimeSpan.FromSeconds(10),
            },
        };
    }

    /// <summary>One family with the unique id, the rest with the group.</summary>
    private static FamilyPart Project(FamilyPart part, int at) => new()
    {
        Name = at == 0 ? "id" : string.Create(CultureInfo.InvariantCulture, $"group-{at}"),
        Projection = at == 0 ? SimProjections.Id : SimProjections.Group,
        Structure = part.Structure,
        Partitions = part.Partitions,
        InlineBelowBytes = part.InlineBelowBytes,
    };

    /// <summary>At least two; every structure and scheme of the stack is in one of them.</summary>
    private static List<FamilyPart> Distinct(IReadOnlyList<FamilyPart> ofStack)
    {
        var families = new List<FamilyPart>();
        foreach (FamilyPart part in ofStack.Count == 1 ? [ofStack[0], ofStack[0]] : ofStack)
        {
            bool isNew = families.Count < 2 || !families.Exists(f =>
                f.Structure.Identity.ComponentId == part.Structure.Identity.ComponentId
                && f.Partitions.Map == part.Partitions.Map
                && f.InlineBelowBytes == part.InlineBelowBytes);
            if (isNew)
            {
                families.Add(part);
            }
        }

        return families;
    }
}
