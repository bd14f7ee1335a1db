namespace Mortise.BTreeIndex.Tests;

/// <summary>One operation of a model run.</summary>
/// <param name="Roll">0 to 99: what it does.</param>
/// <param name="Seed">Decides its keys, values and sizes.</param>
internal readonly record struct ModelOp(int Roll, int Seed)
{
    public static List<ModelOp> Some(int seed, int count)
    {
        Random random = new(seed);
        List<ModelOp> ops = [];
        for (int i = 0; i < count; i++)
        {
            ops.Add(new ModelOp(random.Next(100), random.Next()));
        }

        return ops;
    }
}

/// <summary>Chance that can be set to a seed again, in place.</summary>
internal sealed class ReseededRandom(int seed) : Random
{
    private Random _inner = new(seed);

    public void Reseed(int to) => _inner = new Random(to);

    public override int Next() => _inner.Next();

    public override int Next(int maxValue) => _inner.Next(maxValue);

    public override int Next(int minValue, int maxValue) => _inner.Next(minValue, maxValue);

    public override double NextDouble() => _inner.NextDouble();

    public override void NextBytes(byte[] buffer) => _inner.NextBytes(buffer);
}
