using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>Stores of sample events, and damage to them.</summary>
internal static class StoreFixture
{
    private const int Block = 4096;

    private static readonly MortiseHost s_host = CreateHost();

    /// <summary>Rules off: what goes in stays in.</summary>
    public static string[] KeepAll { get; } =
    [
        "--set", "nostr.superseded=keepAll", "--set", "nostr.honourDeletions=false",
        "--set", "nostr.honourExpiration=false", "--set", "nostr.honourVanish=false",
    ];

    /// <summary>Every family of the default stack.</summary>
    public static IReadOnlyList<string> Families { get; } =
        ["id", "author-time", "kind-time", "author-kind-time", "tag", "address", "deletion", "expiration", "time"];

    /// <summary>Settings of every family, for a command line.</summary>
    public static string[] OfEachFamily(params string[] settings) =>
        [.. Families.SelectMany(f => settings.SelectMany(s => (string[])["--set", $"indexes.{f}.{s}"]))];

    /// <summary>Stores sample events in the folder's data directory.</summary>
    public static async Task FillAsync(TemporaryFolder folder, int events, params string[] settings)
    {
        ToolRun sample = (await ToolRun.OfAsync("generate", $"{events}")).Succeeded();
        (await ToolRun.OfAsync(sample.Output, ["import", "-", "--no-verify", "--data", folder.Data, .. settings]))
            .Succeeded();
    }

    /// <summary>Copies a store as a crash would leave it: while it is open and something was just written.</summary>
    public static async Task CrashAsync(string data, string copy)
    {
        await using EventStore store = await OpenAsync(data);
        ToolRun sample = (await ToolRun.OfAsync("generate", "1", "--seed", "77")).Succeeded();
        await store.PutAsync(Parse(sample.Lines[0]));
        CopyOpen(data, copy);
    }

    /// <summary>Copies a store that is open: what the end of its process would leave.</summary>
    public static void CopyOpen(string data, string copy)
    {
        foreach ((string name, _) in Files(data))
        {
            string to = Path.Combine(copy, name);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(Path.Combine(data, name), to);
        }
    }

    /// <summary>Opens a store within the test, with overrides of the default stack.</summary>
    public static ValueTask<EventStore> OpenAsync(string data, params string[] overrides) =>
        EventStore.OpenAsync(Compose(data, overrides));

    /// <summary>The default stack over a directory, with overrides.</summary>
    public static StoreComposition Compose(string data, params string[] overrides) =>
        s_host.Compose(Resolve(overrides), data).Composition;

    /// <summary>The default stack with overrides.</summary>
    public static ResolvedStack Resolve(params string[] overrides) =>
        s_host.Resolve(StackFile.Parse("test", DefaultStack.Text, overrides));

    /// <summary>Reads an event.</summary>
    public static NostrEvent Parse(string line)
    {
        bool isEvent = EventJson.TryParse(Encoding.UTF8.GetBytes(line), out NostrEvent? read, out EventProblem problem);
        Assert.True(isEvent, $"{problem}");
        return read!;
    }

    /// <summary>Runs a command for its JSON.</summary>
    public static async Task<JsonElement> JsonAsync(int exit, params string[] arguments)
    {
        ToolRun run = await ToolRun.OfAsync([.. arguments, "--json"]);
        Assert.True(run.Exit == exit, $"exit {run.Exit}, not {exit}: {run.Error} {run.Text}");
        return JsonDocument.Parse(run.Output).RootElement;
    }

    /// <summary>Every file below a directory, but the lock, with the hash of its bytes.</summary>
    public static Dictionary<string, string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "lock")
            .ToDictionary(
                file => Path.GetRelativePath(directory, file),
                file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    /// <summary>Flips bits in the fullest 4 KiB of each large file below a directory, which no format leaves
    /// unused.</summary>
    public static void Spoil(string directory, string pattern = "*")
    {
        string[] files = [.. Directory.EnumerateFiles(directory, pattern, SearchOption.AllDirectories)
            .Where(file => new FileInfo(file).Length > Block)];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            byte[] bytes = File.ReadAllBytes(file);
            int fullest = Enumerable.Range(0, bytes.Length / Block).MaxBy(
                block => Block - bytes.AsSpan(block * Block, Block).Count((byte)0));
            for (int i = 0; i < 64; i++)
            {
                bytes[(fullest * Block) + 64 + i] ^= 0x5A;
            }

            File.WriteAllBytes(file, bytes);
        }
    }

    private static MortiseHost CreateHost()
    {
        var options = new MortiseHostOptions();
        options.PluginFolders.Add(Surroundings.Plugins);
        return new MortiseHost(options);
    }
}
