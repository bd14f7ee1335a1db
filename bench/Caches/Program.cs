using Mortise.Bench.Caches;

// What issues of memory and partitions promise, measured.
//   hits  [EVENTS.jsonl[.gz]]               hit rates of each policy beside the optimum, and what a hit costs
//   shift [--count N] [--seed N]            a load that moves from author feeds to tag scans, beside an equal split
//   year  [--count N] [--seed N]            dropping a year of monthly partitions
//   soak  [--count N] [--seconds N]         memory of a store that is ten times its budget, under mixed load
// Usage: dotnet run -c Release --project bench/Caches -- hits|shift|year|soak [OPTION]...
int Number(string name, int otherwise) =>
    Array.IndexOf(args, name) is int at and >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1]) : otherwise;

switch (args.FirstOrDefault())
{
    case "hits":
        await HitRates.RunAsync(args.ElementAtOrDefault(1));
        return 0;
    case "shift":
        return await ShiftingLoad.RunAsync(Number("--count", 400_000), Number("--seed", 1));
    case "year":
        return await DroppedYear.RunAsync(Number("--count", 200_000), Number("--seed", 1));
    case "soak":
        return await MemorySoak.RunAsync(Number("--count", 1_000_000), Number("--seconds", 600), Number("--seed", 1));
    default:
        Console.Error.WriteLine("usage: hits [EVENTS] | shift | year | soak");
        return 2;
}
