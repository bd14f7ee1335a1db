using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mortise.Bench.Relay;
using Mortise.Nostr;

// Measures a relay over real sockets on loopback, client and relay in one process on the same cores.
//
//   dotnet run -c Release --project bench/Relay -- [events] [idle connections, or "ingest" for no more than that]
//
// Beside what research measured for strfry on such a machine (2 shared cores, its load tool beside it): 3,053 accepted
// events/s, OK p50 82 ms and p99 176 ms under 8 connections x 32 in flight; at a paced 500/s OK p50 1.6 and p99 13 ms;
// REQ to EOSE p50 3 to 6 ms; live fan-out to 20 subscribers p50 58 ms.
int count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 300_000;
int idle = args.Length > 1 && args[1] != "ingest" ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
Console.WriteLine($"{count} sample events, {Environment.ProcessorCount} cores, {Schnorr.Default.Name}");
NostrEvent[] events = [.. SampleEvents.Generate(count, 42)];
byte[][] messages = [.. events.Select(static e => Encoding.UTF8.GetBytes($"[\"EVENT\",{e.ToJson()}]"))];

double bound = VerifyBound(events);
Show("signatures checked, all cores, nothing else", $"{bound:0} /s");

// Each relay has its plugins loaded anew, and so compiled anew, which takes longer than one thinks: half of the events
// warm the one that is measured.
int warm = count / 2;
await using (RelayUnderTest relay = await RelayUnderTest.StartAsync(null))
{
    int first = Math.Min(warm, 40_000);
    Result cold = await Ingest.RunAsync(relay.Address, messages.AsMemory(0, first), connections: 8, inFlight: 32);
    Show($"accepted by a new relay, the first {first}", cold.ToString());
    if (warm > first)
    {
        await Ingest.RunAsync(relay.Address, messages.AsMemory(first, warm - first), connections: 8, inFlight: 32);
    }

    Result ingest = await Ingest.RunAsync(relay.Address, messages.AsMemory(warm), connections: 8, inFlight: 32);

    // The machine may have become faster or slower meanwhile.
    double after = VerifyBound(events);
    Show("signatures checked, again", $"{after:0} /s");
    Show(
        "accepted over the socket, verified, 8 x 32 in flight",
        $"{ingest}  ({2 * ingest.PerSecond / (bound + after):0.00} of the bound)");
    if (args.Length > 1 && args[1] == "ingest")
    {
        return;
    }

    await QueryAsync(relay, compressed: false);
    await QueryAsync(relay, compressed: true);
}

await using (RelayUnderTest relay = await RelayUnderTest.StartAsync(new Trusting()))
{
    await Ingest.RunAsync(relay.Address, messages.AsMemory(0, warm), connections: 8, inFlight: 32);
    Result ingest = await Ingest.RunAsync(relay.Address, messages.AsMemory(warm), connections: 8, inFlight: 32);
    Show("the same without verification", ingest.ToString());
}

await using (RelayUnderTest relay = await RelayUnderTest.StartAsync(null))
{
    (Result ok, double p50, double p99) = await FanOut.RunAsync(relay.Address, messages, subscribers: 20, perSecond: 500);
    Show("paced 500/s, one in flight a connection, to OK", ok.ToString());
    Show("live fan-out to 20 subscribers", $"p50 {p50:0.00} ms, p99 {p99:0.00} ms");
}

if (idle > 0)
{
    await using RelayUnderTest relay = await RelayUnderTest.StartAsync(null);
    await IdleCrowd.RunAsync(relay, messages, idle, Show);
}

static double VerifyBound(NostrEvent[] events)
{
    TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
    long began = Stopwatch.GetTimestamp();
    Parallel.ForEach(events, static e =>
    {
        if (EventVerifier.Default.Verify(e.View) != VerifyResult.Ok)
        {
            throw new InvalidOperationException("a sample is not signed");
        }
    });
    cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
    Show("CPU of a signature", $"{cpu.TotalMicroseconds / events.Length:0} us");
    return events.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
}

static async Task QueryAsync(RelayUnderTest relay, bool compressed)
{
    const int Requests = 300;
    using LoadClient client = await LoadClient.ConnectAsync(relay.Address, compressed);
    TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
    var times = new List<double>();
    int found = 0;
    for (int i = 0; i < Requests; i++)
    {
        long began = Stopwatch.GetTimestamp();
        await client.SendAsync("[\"REQ\",\"q\",{\"limit\":500}]");
        found = 0;
        while (!(await client.ReceiveAsync()).Span.StartsWith("[\"EOSE\""u8))
        {
            found++;
        }

        times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        await client.SendAsync("[\"CLOSE\",\"q\"]");
    }

    times.Sort();
    cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
    Show(
        $"REQ of {found} stored events to EOSE{(compressed ? ", compressed" : "")}",
        $"p50 {times[Requests / 2]:0.00} ms, p99 {times[Requests * 99 / 100]:0.00} ms, "
        + $"{client.BytesRead / Requests / 1024.0:0} KiB, {cpu.TotalMilliseconds / Requests:0.0} ms of CPU on both sides");
}

static void Show(string what, string result) => Console.WriteLine($"{what,-56} {result}");
