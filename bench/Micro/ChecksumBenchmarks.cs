using System.IO.Hashing;
using BenchmarkDotNet.Attributes;
using Mortise.Primitives;

namespace Mortise.Bench.Micro;

/// <summary>Checksums of a record and of a page.</summary>
public class ChecksumBenchmarks
{
    private byte[] _bytes = [];

    [Params(560, 4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _bytes = new byte[Length];
        new Random(1).NextBytes(_bytes);
    }

    [Benchmark(Description = "CRC-32C")]
    public uint Crc() => Crc32C.Of(_bytes);

    [Benchmark(Description = "CRC-64")]
    public ulong LongCrc() => Crc64.HashToUInt64(_bytes);

    [Benchmark(Description = "XXH3")]
    public ulong Hash() => XxHash3.HashToUInt64(_bytes);
}
