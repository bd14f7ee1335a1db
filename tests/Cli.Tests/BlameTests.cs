using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>H35: what a running plugin throws is its fault, by name, however it is thrown; the store says so and goes on
/// reading.</summary>
public sealed class BlameTests
{
    [Theory]
    [InlineData("plainly", "ThrowingScheme.Locate", "FormatException: no such place")]
    [InlineData("wrapped", "ThrowingScheme.Wrap", "FormatException: no such place")]
    [InlineData("awaited", "ThrowingScheme.ThrowAsync", "FormatException: no such place")]
    [InlineData("from-the-runtime", "ThrowingScheme.Locate", "ArgumentOutOfRangeException")]
    public async Task A_plugin_that_throws_while_the_store_runs_is_named(string how, string method, string cause)
    {
        using var folder = new TemporaryFolder();
        (MortiseHost host, EventStore store) = await OpenAsync(folder, how);
        await using EventStore _ = store;
        NostrEvent one = await SampleAsync();
        StorageException fault = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync(one));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Contains("plugin mortise.leaky 1.0.0 failed in " + method, fault.Message, StringComparison.Ordinal);
        Assert.Contains(cause, fault.Message, StringComparison.Ordinal);

        // Who watches the program's health is told.
        var services = new ServiceCollection();
        services.AddLogging().AddHealthChecks().AddMortiseStore(_ => store.Engine);
        await using ServiceProvider program = services.BuildServiceProvider();
        HealthReport report = await program.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Contains("mortise.leaky", report.Entries["mortise"].Description, StringComparison.Ordinal);

        // The next write is refused for the same reason; nothing else in the process is hurt.
        StorageException refused = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync(one));
        Assert.Equal(StorageErrorCode.Faulted, refused.Code);
        Assert.Contains("mortise.leaky", refused.ToString(), StringComparison.Ordinal);
        Assert.Contains(host.Loaded, static p => p.Origin.Id == "mortise.leaky");
    }

    [Fact]
    public async Task What_a_contract_allows_is_nobodys_fault()
    {
        using var folder = new TemporaryFolder();
        (MortiseHost host, EventStore store) = await OpenAsync(folder, "allowed");
        await using EventStore _ = store;
        NostrEvent one = await SampleAsync();
        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync(one));
        Assert.NotEqual(StorageErrorCode.PluginFault, error.Code);
        Assert.Null(host.Blame(error));
    }

    [Fact]
    public void What_the_host_itself_throws_is_nobodys_fault()
    {
        var host = new MortiseHost(new MortiseHostOptions());
        try
        {
            StackFile.Parse(null!, null!);
        }
        catch (ArgumentException e)
        {
            Assert.Null(host.Blame(new InvalidOperationException("outside", e)));
        }
    }

    private static async Task<NostrEvent> SampleAsync() =>
        StoreFixture.Parse((await ToolRun.OfAsync("generate", "1")).Succeeded().Lines[0]);

    private static async Task<(MortiseHost Host, EventStore Store)> OpenAsync(TemporaryFolder folder, string how)
    {
        var options = new MortiseHostOptions();
        options.PluginFolders.Add(Surroundings.Plugins);
        options.PluginFolders.Add(Path.Combine(Surroundings.Root, "artifacts", "test-plugins"));
        var host = new MortiseHost(options);
        ResolvedStack stack = host.Resolve(StackFile.Parse(
            "test",
            DefaultStack.Text,
            ["partitions.all.plugin=mortise.leaky.throwing", $"partitions.all.throwing={how}"]));
        StoreComposition composition = host.Compose(stack, folder.Data).Composition;
        return (host, await EventStore.OpenAsync(composition));
    }
}
