using System.Reflection;

namespace Mortise.Nostr.Tests.Signing;

public sealed class Bip340Tests
{
    private const int Rows = 19;

    [Fact]
    public void The_managed_implementation_passes_the_official_vectors() => PassesTheOfficialVectors(Schnorr.Managed);

    [NativeSchnorrFact]
    public void The_native_implementation_passes_the_official_vectors() => PassesTheOfficialVectors(Schnorr.Native!);

    [SharedDataFact]
    public void The_vectors_checked_in_are_the_official_ones() =>
        Assert.Equal(
            File.ReadAllLines(Path.Combine(SharedData.Folder, "bip340-test-vectors.csv")), VectorLines());

    [NativeSchnorrFact]
    public void Both_implementations_sign_alike_and_accept_each_other()
    {
        int seed = TestSeed.Or(340);
        var random = new Random(seed);
        Schnorr native = Schnorr.Native!;
        for (int i = 0; i < TestSeed.Soaked(40); i++)
        {
            byte[] secret = Bytes(random, 32);
            byte[] message = Bytes(random, random.Next(70));
            byte[] auxiliary = Bytes(random, 32);
            byte[] nativeKey = new byte[32];
            byte[] managedKey = new byte[32];
            byte[] nativeSignature = new byte[64];
            byte[] managedSignature = new byte[64];
            native.GetPublicKey(secret, nativeKey);
            Schnorr.Managed.GetPublicKey(secret, managedKey);
            Assert.True(nativeKey.AsSpan().SequenceEqual(managedKey), $"seed {seed}, run {i}");
            native.Sign(secret, message, auxiliary, nativeSignature);
            Schnorr.Managed.Sign(secret, message, auxiliary, managedSignature);
            Assert.True(nativeSignature.AsSpan().SequenceEqual(managedSignature), $"seed {seed}, run {i}");

            // Any change of one bit, and both refuse; any garbage, and both say the same.
            byte[][] parts = [[.. nativeKey], message.Length > 0 ? [.. message] : [1], [.. nativeSignature]];
            byte[] victim = parts[i % 3];
            victim[random.Next(victim.Length)] ^= (byte)(1 << random.Next(8));
            bool nativeSays = native.Verify(parts[0], parts[1], parts[2]);
            Assert.False(nativeSays, $"seed {seed}, run {i}");
            Assert.False(Schnorr.Managed.Verify(parts[0], parts[1], parts[2]), $"seed {seed}, run {i}");
        }
    }

    [Fact]
    public void The_managed_implementation_refuses_numbers_at_the_edges() => RefusesNumbersAtTheEdges(Schnorr.Managed);

    [NativeSchnorrFact]
    public void The_native_implementation_refuses_numbers_at_the_edges() => RefusesNumbersAtTheEdges(Schnorr.Native!);

    private static void RefusesNumbersAtTheEdges(Schnorr schnorr)
    {
        byte[] zero = new byte[32];
        byte[] one = new byte[32];
        one[31] = 1;
        byte[] order = Convert.FromHexString("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141");
        byte[] prime = Convert.FromHexString("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F");
        byte[] largest = [.. Enumerable.Repeat((byte)0xFF, 32)];
        byte[] key = new byte[32];
        schnorr.GetPublicKey(one, key);
        byte[] aux = new byte[32];
        foreach (byte[] x in new[] { zero, one, order, prime, largest, key })
        {
            foreach (byte[] s in new[] { zero, one, order, prime, largest })
            {
                Assert.False(schnorr.Verify(key, zero, [.. x, .. s]));
                Assert.False(schnorr.Verify(x, zero, [.. key, .. s]));
            }
        }

        byte[] signature = new byte[64];
        foreach (byte[] secret in new[] { zero, order, prime, largest })
        {
            Assert.Throws<ArgumentException>(() => schnorr.Sign(secret, zero, aux, signature));
            Assert.Throws<ArgumentException>(() => schnorr.GetPublicKey(secret, new byte[32]));
        }

        Assert.Throws<ArgumentException>(() => schnorr.Verify(key, zero, new byte[63]));
        Assert.Throws<ArgumentException>(() => schnorr.Verify(new byte[33], zero, signature));
    }

    private static void PassesTheOfficialVectors(Schnorr schnorr)
    {
        int rows = 0;
        foreach (string line in VectorLines().Skip(1))
        {
            string[] cells = line.Split(',');
            byte[] publicKey = Convert.FromHexString(cells[2]);
            byte[] message = Convert.FromHexString(cells[4]);
            byte[] signature = Convert.FromHexString(cells[5]);
            bool expected = cells[6] == "TRUE";
            Assert.True(schnorr.Verify(publicKey, message, signature) == expected, $"row {cells[0]}: {cells[7]}");
            if (cells[1].Length > 0)
            {
                byte[] secret = Convert.FromHexString(cells[1]);
                byte[] key = new byte[32];
                byte[] made = new byte[64];
                schnorr.GetPublicKey(secret, key);
                schnorr.Sign(secret, message, Convert.FromHexString(cells[3]), made);
                Assert.Equal(cells[2], Convert.ToHexString(key));
                Assert.Equal(cells[5], Convert.ToHexString(made));
            }

            rows++;
        }

        Assert.Equal(Rows, rows);
    }

    private static string[] VectorLines()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("bip340-test-vectors.csv")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
