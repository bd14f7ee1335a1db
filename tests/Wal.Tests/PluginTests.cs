using System.Reflection;
using System.Text.Json;
using Mortise.Conformance;

namespace Mortise.Wal.Tests;

public class PluginTests
{
    [Fact]
    public void The_manifest_says_what_the_code_registers()
    {
        string root = typeof(PluginTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!;
        using JsonDocument manifest = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(root, "plugins/Wal/plugin.json")));
        JsonElement component = Assert.Single(manifest.RootElement.GetProperty("components").EnumerateArray());
        Assert.Equal(WalPlugin.Descriptor.Id, component.GetProperty("id").GetString());
        Assert.Equal("log", component.GetProperty("kind").GetString());
        Assert.Equal(WalPlugin.Descriptor.FormatName, component.GetProperty("format").GetString());
        Assert.Equal(WalPlugin.Descriptor.FormatVersion, component.GetProperty("formatVersion").GetInt32());
        Assert.Equal(
            WalPlugin.Descriptor.OldestReadableFormatVersion, component.GetProperty("oldestReadable").GetInt32());
        Assert.Equal(WalPlugin.Descriptor.Summary, component.GetProperty("summary").GetString());
    }

    [Fact]
    public void Options_name_everything_that_is_wrong_at_once()
    {
        Assert.Empty(new WalOptions().Validate());
        var wrong = new WalOptions
        {
            SegmentSize = new ByteSize(65535),
            Checksum = (WalChecksum)9,
            MaxPayload = new ByteSize((1L << 30) + 1),
            RecycledSegments = -1,
            Prewrite = ByteSize.MiB(65),
        };
        Assert.Equal(
            ["SegmentSize", "Checksum", "MaxPayload", "RecycledSegments", "Prewrite"],
            wrong.Validate().Select(p => p.Option));
        using SimWorld world = Logs.World(1);
        long before = world.Disk.Operations;
        Assert.Throws<ArgumentException>(() => Logs.Open(world, wrong));
        Assert.Equal(before, world.Disk.Operations);
    }
}
