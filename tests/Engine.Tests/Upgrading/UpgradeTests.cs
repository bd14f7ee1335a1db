using Mortise.Components;
using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;

namespace Mortise.Engine.Tests.Upgrading;

/// <summary>H32: the formats of a store's parts are brought to what their plugins write, explicitly and step by step.</summary>
public sealed class UpgradeTests
{
    private const int Records = 400;
    private const int Cuts = 24;

    private static readonly string[] s_families = ["indexes/id", "indexes/group"];

    [Fact]
    public async Task What_is_older_is_known_until_it_is_upgraded_and_then_no_more()
    {
        using SimWorld world = await OlderAsync();
        StoreEngine engine = await ObservedStore.OpenAsync(world, Newer);
        Assert.Equal([.. s_families, "records", "wal"], engine.GetUpgrades().Select(static u => u.Part));
        Assert.All(engine.GetUpgrades(), static u => Assert.Equal(u.From + 1, u.To));

        // A checkpoint is no upgrade.
        await engine.PutAsync(Records);
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        engine = await AgainAsync(world, engine);
        Assert.Equal(4, engine.GetUpgrades().Count);

        var told = new List<string>();
        UpgradeReport report = await UpgradeAsync(world, engine, told);
        Assert.Equal(s_families, report.Done.Select(static u => u.Part).Where(s_families.Contains));
        Assert.Equal([.. s_families, "records"], told);
        Require(engine, Records + 1);
        engine = await AgainAsync(world, engine);
        Assert.Equal(report.Left, engine.GetUpgrades());
        Assert.All(report.Left, static u => Assert.Contains(u.Part, (string[])["records", "wal"]));

        // What was being written has ended meanwhile.
        for (int id = Records + 1; id < 2 * Records; id++)
        {
            await engine.PutAsync(id, bytes: 400);
            world.Background.AfterCall();
        }

        Assert.Empty((await UpgradeAsync(world, engine)).Left);
        engine = await AgainAsync(world, engine);
        Assert.Empty(engine.GetUpgrades());
        Assert.Empty((await UpgradeAsync(world, engine)).Done);
        Require(engine, 2 * Records);
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());

        // There is no way back, and the message names who can read it.
        StorageException refused = await Assert.ThrowsAsync<StorageException>(
            async () => await ObservedStore.OpenAsync(world));
        Assert.Equal(StorageErrorCode.FormatTooNew, refused.Code);
        Assert.Contains("install mortise.wal", refused.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_power_cut_at_any_step_leaves_a_store_that_opens_and_can_be_upgraded()
    {
        using SimWorld older = await OlderAsync();
        CrashModel[] models = Enum.GetValues<CrashModel>();
        using SimWorld whole = older.AfterProcessDeath();
        long begin = whole.Disk.Operations;
        await ObservedStore.Finish(whole, OpenAndUpgradeAsync(whole));
        long operations = whole.Disk.Operations - begin;
        Assert.True(operations > 2 * Cuts, $"{operations} operations");
        int cut = 0;
        for (long at = 1; at <= operations; at += Math.Max(1, operations / Cuts))
        {
            using SimWorld running = older.AfterProcessDeath();
            running.Disk.CutPowerAt(running.Disk.Operations + at);
            try
            {
                await ObservedStore.Finish(running, OpenAndUpgradeAsync(running));
            }
#pragma warning disable CA1031 // The end of the world may be told in any way.
            catch (Exception) when (running.Disk.IsOff)
#pragma warning restore CA1031
            {
                cut++;
            }

            using SimWorld next = running.AfterPowerCut((ulong)at, models[at % models.Length]);
            StoreEngine engine = await ObservedStore.OpenAsync(next, Newer);
            Require(engine, Records);
            UpgradeReport report = await UpgradeAsync(next, engine);
            Assert.All(report.Left, static u => Assert.Contains(u.Part, (string[])["records", "wal"]));
            Require(engine, Records);
            await ObservedStore.Finish(next, engine.DisposeAsync().AsTask());
        }

        Assert.True(cut > Cuts / 2, $"{cut} cuts");
    }

    /// <summary>A store as the plugins of before left it.</summary>
    private static async Task<SimWorld> OlderAsync()
    {
        var world = new SimWorld((ulong)Seed.Get(32));
        StoreEngine engine = await ObservedStore.OpenAsync(world);
        for (int id = 0; id < Records; id++)
        {
            await engine.PutAsync(id, bytes: 400);
            world.Background.AfterCall();
        }

        Assert.Empty(engine.GetUpgrades());
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        return world;
    }

    private static async Task OpenAndUpgradeAsync(SimWorld world)
    {
        StoreEngine engine = await ObservedStore.OpenAsync(world, Newer);
        await UpgradeAsync(world, engine);
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
    }

    private static async Task<StoreEngine> AgainAsync(SimWorld world, StoreEngine engine)
    {
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        return await ObservedStore.OpenAsync(world, Newer);
    }

    private static Task<UpgradeReport> UpgradeAsync(SimWorld world, StoreEngine engine, List<string>? told = null) =>
        ObservedStore.Finish(world, engine.UpgradeAsync(told is null ? null : new Told(told)).AsTask());

    private static void Require(StoreEngine engine, int records)
    {
        using StoreView view = engine.OpenView();
        AgreementReport report = AgreementCheck.Run(view);
        Assert.True(report.IsClean, string.Join("; ", report.Families.SelectMany(static f => f.Findings)));
        Assert.Equal(records, report.Records);
    }

    /// <summary>The same plugins, which have learnt to write another version and read the one before.</summary>
    private static StoreComposition Newer(StoreComposition stack) => stack with
    {
        Log = Newer(stack.Log),
        Records = Newer(stack.Records),
        Families = [.. stack.Families.Select(static f => new FamilyPart
        {
            Name = f.Name,
            Projection = f.Projection,
            Structure = Newer(f.Structure),
            Partitions = f.Partitions,
            InlineBelowBytes = f.InlineBelowBytes,
        })],
    };

    private static ComponentPart<T> Newer<T>(ComponentPart<T> part)
        where T : class, IStorageComponent => new()
        {
            Identity = new ComponentIdentity
            {
                PluginId = part.Identity.PluginId,
                PluginVersion = "9.0.0",
                ComponentId = part.Identity.ComponentId,
                FormatName = part.Identity.FormatName,
                FormatVersion = part.Identity.FormatVersion + 1,
                OldestReadableFormatVersion = part.Identity.FormatVersion,
            },
            Open = part.Open,
            Examiner = part.Examiner,
        };

    private sealed class Told(List<string> parts) : IProgress<PartUpgrade>
    {
        public void Report(PartUpgrade value) => parts.Add(value.Part);
    }
}
