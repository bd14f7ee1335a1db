using System.Diagnostics;

namespace Mortise.Relay.Tests;

/// <summary>Tests that do not run beside others: those clients have timeouts of their own.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}

/// <summary>Clients that people use, from npm, against the relay with its default limits: <c>tests/clients</c>.</summary>
[Collection(AloneCollection.Name)]
public sealed class ClientsTests
{
    private const int Skipped = 77;

    [SkippableFact]
    public async Task Real_clients_publish_subscribe_query_count_and_synchronize()
    {
        await using TestRelay relay = await TestRelay.StartAsync(new RelayOptions());
        var start = new ProcessStartInfo("bash")
        {
            ArgumentList = { Path.Combine(TestRelay.Root, "tests", "clients", "run"), relay.Ws.ToString() },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process run = Process.Start(start)!;
        run.StandardInput.Close();
        Task<string> errors = run.StandardError.ReadToEndAsync();
        string said = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        Skip.If(run.ExitCode == Skipped, said);
        Assert.True(run.ExitCode == 0, said + await errors);
        Assert.Contains("6 passed, 0 failed", said, StringComparison.Ordinal);
    }
}
