using Mortise.Host.Composition;
using Mortise.Host.Configuration;

namespace Mortise.Host.Tests.Composition;

/// <summary>H28, H29: what components require, prefer and exclude is checked before anything is opened, and what they offer
/// when they are.</summary>
public sealed class StackAgreementTests
{
    [Fact]
    public void What_nobody_offers_is_refused_with_who_wants_it_and_who_is_installed_that_has_it()
    {
        var plugin = new SamplePlugin();
        plugin.Says["sample.index"] = (null, ["records.reclaim", "acme.dictionary"], null, null);
        SampleStack.AssertLines(
            [
                "stack.yaml:7:33: indexes.id is sample.index, which requires 'records.reclaim', and no other component of the "
                    + "stack offers that; installed are: mortise.segments",
                "stack.yaml:7:33: indexes.id is sample.index, which requires 'acme.dictionary', and no other component of the "
                    + "stack offers that; nothing that is installed does",
                "stack.yaml:10:13: indexes.author-time is sample.index, which requires 'records.reclaim', and no other "
                    + "component of the stack offers that; installed are: mortise.segments",
                "stack.yaml:10:13: indexes.author-time is sample.index, which requires 'acme.dictionary', and no other "
                    + "component of the stack offers that; nothing that is installed does",
            ],
            Problems(plugin));
    }

    [Fact]
    public void What_another_component_offers_or_is_meets_a_requirement()
    {
        var plugin = new SamplePlugin();
        plugin.Says["sample.records"] = (["acme.dictionary"], null, null, null);
        plugin.Says["sample.index"] = (null, ["acme.dictionary", "sample.log"], null, null);
        Assert.Empty(Resolve(plugin).Fallbacks);
    }

    [Fact]
    public void Nobody_meets_his_own_requirement()
    {
        var plugin = new SamplePlugin();
        plugin.Says["sample.log"] = (["acme.clock"], ["acme.clock"], null, null);
        Assert.Contains("wal is sample.log, which requires 'acme.clock'", Assert.Single(Problems(plugin)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_preferred_and_absent_is_told_and_no_problem()
    {
        var plugin = new SamplePlugin();
        plugin.Says["sample.cache"] = (null, null, ["acme.dictionary", "sample.log"], null);
        Assert.Equal(
            "cache is sample.cache, which prefers 'acme.dictionary' and does without: no other component of the stack offers "
            + "that; nothing that is installed does",
            Assert.Single(Resolve(plugin).Fallbacks));
    }

    [Fact]
    public void A_conflict_names_both_sides_whichever_declares_it()
    {
        var plugin = new SamplePlugin();
        plugin.Says["sample.records"] = (["acme.rewrites"], null, null, null);
        plugin.Says["sample.log"] = (null, null, null, ["acme.rewrites"]);
        plugin.Says["sample.cache"] = (null, null, null, ["sample.partition"]);
        SampleStack.AssertLines(
            [
                "stack.yaml:1:16: wal is sample.log, which conflicts with 'acme.rewrites', and records is sample.records: choose "
                    + "one of them",
                "stack.yaml:3:18: cache is sample.cache, which conflicts with 'sample.partition', and partitions.all is "
                    + "sample.partition: choose one of them",
            ],
            Problems(plugin));
    }

    [Fact]
    public async Task An_offer_that_the_contract_knows_is_held_against_the_opened_component()
    {
        using var folder = new TemporaryFolder();
        var plugin = new SamplePlugin
        {
            OpenIndex = static (_, _) => new PluginServicesTests.Silent(),
        };
        plugin.Says["sample.index"] = (["index.pack"], null, null, null);
        MortiseHost host = SampleStack.Host(plugin);
        ComposedStore store = host.Compose(host.Resolve(StackFile.Parse("stack.yaml", SampleStack.Text)), folder.Path);
        StorageException fault = await Assert.ThrowsAsync<StorageException>(async () => await store.Composition.Families[0]
            .Structure.Open(SampleStack.Context(folder, "indexes/id/all"), default));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Contains("sample.index offers 'index.pack', and it does not", fault.Message, StringComparison.Ordinal);
    }

    private static ResolvedStack Resolve(SamplePlugin plugin) => SampleStack
        .Host(plugin, static options => options.PluginFolders.Add(Path.Combine(Repository.Root, "artifacts", "plugins")))
        .Resolve(StackFile.Parse("stack.yaml", SampleStack.Text));

    private static string[] Problems(SamplePlugin plugin) =>
        [.. Assert.Throws<StackException>(() => Resolve(plugin)).Problems.Select(static p => p.ToString())];
}
