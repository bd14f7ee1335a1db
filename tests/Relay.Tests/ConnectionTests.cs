using System.Net;
using System.Net.WebSockets;

namespace Mortise.Relay.Tests;

/// <summary>Laws of the end of a connection, which client, server and relay may all bring about at once.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task A_connection_that_has_ended_aborts_nothing()
    {
        await using TestRelay test = await TestRelay.StartAsync();
        int aborts = 0;
        Connection connection = Make(test, () => aborts++);
        connection.Dispose();
        connection.Drop("late");
        Assert.Equal(0, aborts);
        Assert.True(connection.Closing.IsCancellationRequested);
    }

    [Fact]
    public async Task The_end_of_a_connection_waits_for_an_abort_under_way()
    {
        await using TestRelay test = await TestRelay.StartAsync();
        using var aborting = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        bool aborted = false;
        Connection connection = Make(test, () =>
        {
            aborting.Set();
            release.Wait();
            aborted = true;
        });
        Task dropping = Task.Run(() => connection.Drop("slow"));
        aborting.Wait();
        bool abortedBeforeTheEnd = false;
        var ending = new Thread(() =>
        {
            connection.Dispose();
            abortedBeforeTheEnd = Volatile.Read(ref aborted);
        });
        ending.Start();
        SpinWait.SpinUntil(() => (ending.ThreadState & ThreadState.WaitSleepJoin) != 0 || !ending.IsAlive);
        release.Set();
        ending.Join();
        await dropping;
        Assert.True(abortedBeforeTheEnd);
    }

    private static Connection Make(TestRelay test, Action abort)
    {
        var stream = new SharedStream(new MemoryStream(), TimeProvider.System);
        var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        return new Connection(
            test.Relay,
            socket,
            stream,
            compresses: false,
            new ClientAddress(IPAddress.Loopback, "test"),
            "relay",
            abort);
    }
}
