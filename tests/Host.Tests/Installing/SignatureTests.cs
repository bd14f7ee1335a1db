using System.Security.Cryptography;
using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Installing;

/// <summary>H40: a publisher's signature is as good as a pinned hash, and says no more than it says.</summary>
public sealed class SignatureTests : IDisposable
{
    private const string Id = "acme.signed";

    private readonly TemporaryFolder _folder = new();
    private readonly string _place;
    private readonly string _key = NewKey();

    public SignatureTests()
    {
        InstalledPlugin bundled = PluginCatalog.Scan([Repository.Plugins]).Plugins.Single(
            static p => p.Manifest.Id == "mortise.partitioning");
        _place = Path.Combine(_folder.Path, Id, "1.0.0");
        Directory.CreateDirectory(_place);
        foreach (string file in Directory.GetFiles(bundled.Folder).Where(static f => !f.EndsWith(".pdb", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(_place, Path.GetFileName(file)));
        }

        new ManifestWriter { Id = Id, Version = "1.0.0", Summary = "A sample." }
            .Write(Path.Combine(_place, bundled.Manifest.Assembly));
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Kinds => ["nistP256", "nistP384", "nistP521", "rsa2048", "rsa3072"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_a_trusted_publisher_has_signed_is_loaded(string kind)
    {
        string pem = NewKey(kind);
        Assert.Contains("it is not signed", Refused(Trusting(pem)), StringComparison.Ordinal);
        PublisherKey key = PluginSignature.Sign(_place, pem);
        Assert.Equal(key.Id, PublisherKey.ReadPem(pem).Id);
        Assert.Equal(Id, Load(Trusting(pem)).Origin.Id);

        // Signing again leaves one signature of the key.
        PluginSignature.Sign(_place, pem);
        Assert.Single(File.ReadAllLines(Signature));
        Assert.Equal(Id, Load(Trusting(pem)).Origin.Id);
    }

    [Fact]
    public void A_list_with_publishers_reads_back_and_one_can_be_taken_off()
    {
        PluginSignature.Sign(_place, _key);
        TrustList list = Trusting(_key);
        TrustList read = TrustList.Parse("trust", list.ToString());
        Assert.Equal(list.ToString(), read.ToString());
        Load(read);
        Assert.False(read.RemovePublisher("0123456789abcdef"));
        Assert.True(read.RemovePublisher(PublisherKey.ReadPem(_key).Id));
        Assert.Contains("is not on the trust list", Refused(read), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_publishers_may_sign_and_one_is_enough()
    {
        string other = NewKey();
        PluginSignature.Sign(_place, other);
        PluginSignature.Sign(_place, _key);
        Assert.Equal(2, File.ReadAllLines(Signature).Length);
        Load(Trusting(_key));
        Load(Trusting(other));
    }

    [Fact]
    public void Another_publishers_signature_is_nothing()
    {
        PluginSignature.Sign(_place, NewKey());
        Assert.Contains("signed by others", Refused(Trusting(_key)), StringComparison.Ordinal);

        // Nor does it become one by claiming the trusted key.
        string claimed = File.ReadAllText(Signature).Split(' ')[2];
        File.WriteAllText(Signature, $"mortise-plugin-1 {PublisherKey.ReadPem(_key).Id} {claimed}");
        Assert.Contains("the signature does not fit", Refused(Trusting(_key)), StringComparison.Ordinal);
    }

    [Fact]
    public void One_byte_of_any_file_a_file_more_and_a_file_less_are_refused()
    {
        PluginSignature.Sign(_place, _key);
        TrustList trust = Trusting(_key);
        Load(trust);
        foreach (string path in Directory.GetFiles(_place).Where(p => p != Signature))
        {
            byte[] was = File.ReadAllBytes(path);
            byte[] spoilt = [.. was];

            // In the middle of a JSON document a digit of a hash, elsewhere any bit.
            int at = path.EndsWith(PluginManifest.FileName, StringComparison.Ordinal)
                ? Encoding.UTF8.GetString(was).IndexOf("\"sha256\": \"", StringComparison.Ordinal) + 12
                : was.Length / 2;
            spoilt[at] = spoilt[at] == (byte)'0' ? (byte)'1' : (byte)'0';
            File.WriteAllBytes(path, spoilt);
            Assert.NotEmpty(Refused(trust));
            File.WriteAllBytes(path, was);
        }

        string more = Path.Combine(_place, "more.dll");
        File.WriteAllText(more, "");
        Assert.Contains("which its manifest does not list", Refused(trust), StringComparison.Ordinal);
        File.Delete(more);
        string less = Path.Combine(_place, "Mortise.Primitives.dll");
        byte[] bytes = File.ReadAllBytes(less);
        File.Delete(less);
        Assert.Contains("lacks Mortise.Primitives.dll", Refused(trust), StringComparison.Ordinal);
        File.WriteAllBytes(less, bytes);
        Load(trust);
    }

    [Fact]
    public void A_signature_of_another_plugin_or_version_does_not_fit()
    {
        PluginSignature.Sign(_place, _key);
        string manifest = Path.Combine(_place, PluginManifest.FileName);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"1.0.0\"", "\"1.0.1\"", StringComparison.Ordinal));
        string moved = Path.Combine(Path.GetDirectoryName(_place)!, "1.0.1");
        Directory.Move(_place, moved);
        Assert.Contains("the signature does not fit", Refused(Trusting(_key)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_publisher_signs_for_its_own_ids_only()
    {
        PluginSignature.Sign(_place, _key);
        foreach (string ids in (string[])["mortise.*", "acme", "acme.other", "acme.sig.*", "acme.signe"])
        {
            Assert.DoesNotContain("signed", Refused(Trusting(_key, ids)).Replace(Id, "", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        foreach (string ids in (string[])["acme.*", Id])
        {
            Load(Trusting(_key, ids));
        }

        foreach (string ids in (string[])["*", "", ".*", "acme*", "acme.*.x", "Acme.*"])
        {
            Assert.Throws<ArgumentException>(() => Trusting(_key, ids));
            Assert.Throws<StackException>(() => TrustList.Parse("trust", $"publisher {ids} {PublisherKey.ReadPem(_key)}"));
        }
    }

    [Fact]
    public void A_manifest_that_lists_no_files_cannot_be_signed_and_a_signature_of_one_is_nothing()
    {
        string manifest = Path.Combine(_place, PluginManifest.FileName);
        string text = File.ReadAllText(manifest);
        int at = text.IndexOf(",\n  \"files\"", StringComparison.Ordinal);
        text = text[..at] + "\n}\n";
        File.WriteAllText(manifest, text);
        Assert.Contains(
            "does not list its files",
            Assert.Throws<PluginLoadException>(() => PluginSignature.Sign(_place, _key)).Message,
            StringComparison.Ordinal);
        byte[] signature = PublisherKey.Sign(_key, Encoding.UTF8.GetBytes("mortise-plugin-1\n" + text));
        File.WriteAllText(
            Signature, $"mortise-plugin-1 {PublisherKey.ReadPem(_key).Id} {Convert.ToBase64String(signature)}\n");
        Assert.Contains("the signature says nothing of them", Refused(Trusting(_key)), StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_of_the_signature_is_an_error_and_never_a_signature()
    {
        PluginSignature.Sign(_place, _key);
        string whole = File.ReadAllText(Signature);
        for (int length = 0; length < whole.Length - 1; length += 7)
        {
            File.WriteAllText(Signature, whole[..length]);
            Assert.NotEmpty(Refused(Trusting(_key)));
        }

        foreach (string other in (string[])
            ["x " + whole, whole.Replace("-1 ", "-2 ", StringComparison.Ordinal), whole.Insert(60, "="), "\n" + whole, new string('a', 70_000)])
        {
            File.WriteAllText(Signature, other);
            Assert.NotEmpty(Refused(Trusting(_key)));
        }

        File.WriteAllText(Signature, whole);
        Load(Trusting(_key));
    }

    [Theory]
    [InlineData("rsa1024", "at least 2048")]
    [InlineData("brainpoolP256r1", "another curve")]
    public void Weak_keys_are_refused(string kind, string said)
    {
        CryptographicException error = Assert.Throws<CryptographicException>(() => PublisherKey.ReadPem(NewKey(kind)));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_key_is_refused_wherever_it_stands()
    {
        Assert.Throws<CryptographicException>(() => PublisherKey.ReadPem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"));
        Assert.Throws<CryptographicException>(() => PublisherKey.ReadPem(""));
        Assert.False(PublisherKey.TryParse("AAAA", out _));
        Assert.False(PublisherKey.TryParse("not base64", out _));
        Assert.Throws<StackException>(() => TrustList.Parse("trust", "publisher acme.* AAAA"));
    }

    [Fact]
    public void A_signed_package_installs_and_runs()
    {
        PluginSignature.Sign(_place, _key);
        string package = Path.Combine(_folder.Path, "signed.nupkg");
        PackageWriter.Write(_place, package);
        string root = Path.Combine(_folder.Path, "installed");
        var installer = new PluginInstaller(root);
        installer.Trust("acme.*", PublisherKey.ReadPem(_key));
        InstalledPlugin added = installer.Add(package);
        Assert.Equal(Id, Load(PluginInstaller.ReadTrust(root)!, added).Origin.Id);
        Assert.True(installer.Distrust(PublisherKey.ReadPem(_key).Id));
        Assert.NotEmpty(Refused(PluginInstaller.ReadTrust(root)!));
    }

    private string Signature => Path.Combine(_place, PluginSignature.FileName);

    private static string NewKey(string kind = "nistP256")
    {
        if (kind.StartsWith("rsa", StringComparison.Ordinal))
        {
            using var rsa = RSA.Create(int.Parse(kind.AsSpan(3), provider: null));
            return rsa.ExportPkcs8PrivateKeyPem();
        }

        using var ec = ECDsa.Create(ECCurve.CreateFromFriendlyName(kind));
        return ec.ExportPkcs8PrivateKeyPem();
    }

    private static TrustList Trusting(string pem, string ids = "acme.*")
    {
        TrustList list = TrustList.Empty;
        list.Add(ids, PublisherKey.ReadPem(pem));
        return list;
    }

    private string Refused(TrustList trust)
    {
        PluginLoadException error = Assert.Throws<PluginLoadException>(() => Load(trust));
        return string.Join('\n', error.Problems.Select(static p => p.Message));
    }

    private LoadedPlugin Load(TrustList trust) => Load(trust, PluginCatalog.Scan([_folder.Path]).Plugins[0]);

    private LoadedPlugin Load(TrustList trust, InstalledPlugin plugin) => new PluginLoader(new PluginLoaderOptions
    {
        Trust = new TrustRules(TrustMode.Enforce, trust),
        Copies = new PrivateCopies(Path.Combine(_folder.Path, ".copies")),
        Log = NullLog.Instance,
    }).Load(plugin);
}
