using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Mortise.Nostr;

namespace Mortise.Bench.Micro;

/// <summary>What happens to one event on its way in and out.</summary>
[MemoryDiagnoser]
public class EventBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 16);
    private readonly Filter _matching = new() { Kinds = KindSet.Of(1), Since = 1 };
    private NostrEvent _event = null!;
    private byte[] _json = [];

    [GlobalSetup]
    public void Setup()
    {
        _event = NostrEvent.CreateSigned(
            [.. Enumerable.Range(1, 32).Select(static i => (byte)i)],
            1_700_000_000,
            1,
            new string('x', 280),
            ["e", new string('a', 64)],
            ["p", new string('b', 64)],
            ["t", "storage"]);
        _json = Encoding.UTF8.GetBytes(_event.ToJson());
    }

    [Benchmark(Description = "parse JSON to a record")]
    public bool Parse() => EventJson.TryParse(_json, out _, out _);

    [Benchmark(Description = "write JSON from a record")]
    public int Write()
    {
        _output.ResetWrittenCount();
        EventJson.Write(_event.View, _output);
        return _output.WrittenCount;
    }

    [Benchmark(Description = "id: SHA-256 of the serialization")]
    public bool Id() => EventId.IsRight(_event.View);

    [Benchmark(Description = "id and signature")]
    public VerifyResult Verify() => EventVerifier.Default.Verify(_event.View);

    [Benchmark(Description = "filter match")]
    public bool Match() => _matching.Matches(_event.View);

    [Benchmark(Description = "walk all tags of a record")]
    public int WalkTags()
    {
        int bytes = 0;
        foreach (TagView tag in _event.View.Tags)
        {
            foreach (TagValue value in tag)
            {
                bytes += value.Bytes.Length;
            }
        }

        return bytes;
    }
}
