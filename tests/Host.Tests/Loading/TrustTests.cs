using Mortise.Components;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Host.Tests.Composition;

namespace Mortise.Host.Tests.Loading;

public sealed class TrustTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly string _folder;

    public TrustTests() => _folder = new EmittedPlugin("Acme.Trusted").WithEntry("Entry").WriteTo(_root);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_plugin_that_nobody_trusted_is_refused_before_its_code_runs()
    {
        Problem problem = Assert.Single(Assert.Throws<PluginLoadException>(() => Load(TrustList.Empty)).Problems);
        Assert.Equal(ProblemCode.NotTrusted, problem.Code);
        Assert.Contains("is not on the trust list", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plugin_is_trusted_by_the_bytes_of_every_file()
    {
        TrustList trust = TrustList.Empty;
        trust.Add(Installed());
        TrustList read = TrustList.Parse("trust", trust.ToString());
        Assert.Equal(trust.ToString(), read.ToString());
        Load(read);

        // One byte of a private dependency, a further file, a file less, another name: each is another plugin.
        string dependency = _root.Write("Sample/1.0.0/data.bin", "a");
        Assert.Throws<PluginLoadException>(() => Load(read));
        read.Add(Installed());
        Load(read);
        File.WriteAllText(dependency, "b");
        Assert.Throws<PluginLoadException>(() => Load(read));
        File.WriteAllText(dependency, "a");
        Load(read);
        File.Move(dependency, dependency + "x");
        Assert.Throws<PluginLoadException>(() => Load(read));
        File.Move(dependency + "x", dependency);
        Assert.True(read.Remove("acme.sample", "1.0.0"));
        Assert.Throws<PluginLoadException>(() => Load(read));
        Assert.True(Directory.Exists(_folder));
    }

    [Fact]
    public void A_list_that_is_not_one_is_refused_with_every_bad_line()
    {
        var error = Assert.Throws<StackException>(() => TrustList.Parse("trust", "# ok\n\na b\nid 1.0.0 ABC\n"));
        Assert.Equal([3, 4], error.Problems.Select(static p => p.At.Line));
    }

    [Fact]
    public void A_warning_loads_and_says_so()
    {
        var text = new StringWriter();
        var loader = new PluginLoader(new PluginLoaderOptions
        {
            Trust = new TrustRules(TrustMode.Warn, TrustList.Empty),
            Log = new TextLog(text, "plugins", ComponentLogLevel.Warning, TimeProvider.System),
        });
        loader.Load(Installed());
        Assert.Contains("warn  plugins: acme.sample 1.0.0 is not on the trust list", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_component_that_two_plugins_claim_is_refused_and_both_are_named()
    {
        foreach (string vendor in (string[])["acme", "ajax"])
        {
            EmittedPlugin plugin = new EmittedPlugin($"{vendor}.Claims").WithEntry("Entry");
            plugin.Manifest = plugin.Manifest
                .Replace("acme.sample", $"{vendor}.claims", StringComparison.Ordinal)
                .Replace("[]", """[{ "id": "shared.trie", "kind": "index" }]""", StringComparison.Ordinal);
            plugin.WriteTo(_root, vendor);
        }

        MortiseHost host = SampleStack.Host(configure: o => o.PluginFolders.Add(_root.Path));
        StackFile stack = StackFile.Parse(
            "stack.yaml",
            SampleStack.Text.Replace(", pageSize: 16KiB", "", StringComparison.Ordinal),
            ["indexes.id.plugin=shared.trie"]);
        Problem problem = Assert.Single(Assert.Throws<StackException>(() => host.Resolve(stack)).Problems);
        Assert.Equal(ProblemCode.Ambiguous, problem.Code);
        Assert.Contains("acme.claims 1.0.0 in ", problem.Message, StringComparison.Ordinal);
        Assert.Contains("ajax.claims 1.0.0 in ", problem.Message, StringComparison.Ordinal);
        Assert.Contains(
            "shared.trie: refused, because several plugins claim it: acme.claims, ajax.claims", host.Explain("shared.trie"));
    }

    [Fact]
    public void An_explanation_tells_each_step()
    {
        MortiseHost host = SampleStack.Host(configure: static o => o.PluginFolders.Add(Repository.Plugins));
        Assert.Contains("  loaded     no: nothing has asked for it", host.Explain("mortise.partition.time"));
        host.Resolve(StackFile.Parse("stack.yaml", SampleStack.Text, ["partitions.all.plugin=mortise.partition.time"]));
        IReadOnlyList<string> lines = host.Explain("mortise.partition.time");
        Assert.Equal("mortise.partition.time: mortise.partitioning 1.0.0", lines[0]);
        Assert.Contains(lines, static l => l.StartsWith("  files      sha256 ", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.Contains("Mortise.Abstractions 1.0.0.0: contract, 1.0.0", StringComparison.Ordinal));
        Assert.Contains("  option     interval: one of yearly, monthly, weekly, daily", lines);
        Assert.Contains("did you mean 'sample.log'?", Assert.Single(host.Explain("sample.lgo")), StringComparison.Ordinal);
        Assert.Equal("sample.log: registered from code by sample 1.2.0", Assert.Single(host.Explain("sample.log")));
    }

    private InstalledPlugin Installed() => Assert.Single(PluginCatalog.Scan([_root.Path]).Plugins);

    private LoadedPlugin Load(TrustList trust) =>
        new PluginLoader(new PluginLoaderOptions { Trust = new TrustRules(TrustMode.Enforce, trust), Log = NullLog.Instance })
            .Load(Installed());
}
