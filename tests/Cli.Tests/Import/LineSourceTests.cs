using System.IO.Compression;
using System.Text;
using Mortise.Cli.Import;

namespace Mortise.Cli.Tests.Import;

public sealed class LineSourceTests
{
    public static TheoryData<string> Inputs =>
    [
        "", "\n", "a", "a\n", "a\nb", "a\r\nb\r\n", "\n\n  \na\n\t\n", "a\n\nb\n\n", "\r\n",
        new string('x', 5_000) + "\ny",
    ];

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task Lines_and_their_numbers_are_those_of_a_plain_reader(string input)
    {
        foreach (int piece in (int[])[1, 2, 3, 1_000_000])
        {
            foreach (bool fills in (bool[])[true, false])
            {
                Assert.Equal(Plain(input), await ReadAsync(new Dribble(Encoding.UTF8.GetBytes(input), piece), fills));
            }
        }
    }

    [Fact]
    public async Task Random_text_in_random_pieces_comes_out_line_by_line()
    {
        var random = new Random(Seed);
        var text = new StringBuilder();
        for (int i = 0; i < 3_000; i++)
        {
            text.Append('a', random.Next(10) == 0 ? random.Next(200_000) : random.Next(60));
            text.Append(random.Next(3) == 0 ? "\r\n" : "\n");
        }

        string input = text.ToString();
        Assert.Equal(
            Plain(input), await ReadAsync(new Dribble(Encoding.UTF8.GetBytes(input), 70_000, random), fills: true));
        Assert.Equal(
            Plain(input), await ReadAsync(new Dribble(Encoding.UTF8.GetBytes(input), 70_000, random), fills: false));
    }

    [Fact]
    public async Task A_gzipped_stream_of_several_members_is_unpacked()
    {
        using var packed = new MemoryStream();
        foreach (string part in (string[])["one\ntw", "o\nthree"])
        {
            using var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true);
            gzip.Write(Encoding.UTF8.GetBytes(part));
        }

        Assert.Equal(
            [(1, "one"), (2, "two"), (3, "three")], await ReadAsync(new Dribble(packed.ToArray(), 7), fills: true));
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_part_of_the_first_line() =>
        Assert.Equal(
            [(1, "a"), (2, "b")], await ReadAsync(new Dribble([0xEF, 0xBB, 0xBF, .. "a\nb"u8], 2), fills: true));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_line_that_is_too_long_is_skipped_and_reported_and_the_next_ones_are_read(bool fills)
    {
        byte[] longLine = new byte[LineSource.MaxLineBytes + 1];
        longLine.AsSpan().Fill((byte)'x');
        byte[] fits = new byte[LineSource.MaxLineBytes];
        fits.AsSpan().Fill((byte)'y');
        byte[] huge = new byte[(2 * LineSource.MaxLineBytes) + 77];
        huge.AsSpan().Fill((byte)'z');
        byte[] input = [.. "a\n"u8, .. longLine, .. "\nb\n"u8, .. fits, .. "\n"u8, .. huge, .. "\nc\n"u8, .. huge];
        var tooLong = new List<long>();
        var lines = new List<(long, int)>();
        await foreach (LineBatch batch in
            new LineSource(new Dribble(input, 1 << 20), fills).ReadAsync(CancellationToken.None))
        {
            tooLong.AddRange(batch.TooLong);
            for (int i = 0; i < batch.Count; i++)
            {
                lines.Add((batch.Number(i), batch.Line(i).Length));
            }

            batch.Dispose();
        }

        Assert.Equal([2, 5, 7], tooLong);
        Assert.Equal([(1, 1), (3, 1), (4, LineSource.MaxLineBytes), (6, 1)], lines);
    }

    [Fact]
    public async Task A_pipe_that_waits_gets_its_lines_as_soon_as_they_are_whole()
    {
        var pipe = new System.IO.Pipelines.Pipe();
        var source = new LineSource(pipe.Reader.AsStream(), fillsBatches: false);
        await using IAsyncEnumerator<LineBatch> batches = source.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        await pipe.Writer.WriteAsync("first\nsec"u8.ToArray());
        Assert.True(await batches.MoveNextAsync());
        Assert.Equal("first"u8.ToArray(), batches.Current.Line(0).ToArray());
        Assert.Equal(1, batches.Current.Count);
        await pipe.Writer.WriteAsync("ond\n"u8.ToArray());
        Assert.True(await batches.MoveNextAsync());
        Assert.Equal("second"u8.ToArray(), batches.Current.Line(0).ToArray());
        await pipe.Writer.CompleteAsync();
        Assert.False(await batches.MoveNextAsync());
    }

    private static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : 20_260_101;

    private static List<(long Number, string Line)> Plain(string input)
    {
        var lines = new List<(long, string)>();
        using var reader = new StringReader(input);
        for (long number = 1; reader.ReadLine() is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Add((number, line));
            }
        }

        return lines;
    }

    private static async Task<List<(long Number, string Line)>> ReadAsync(Stream stream, bool fills)
    {
        var lines = new List<(long, string)>();
        await foreach (LineBatch batch in new LineSource(stream, fills).ReadAsync(CancellationToken.None))
        {
            for (int i = 0; i < batch.Count; i++)
            {
                lines.Add((batch.Number(i), Encoding.UTF8.GetString(batch.Line(i).Span)));
            }

            batch.Dispose();
        }

        return lines;
    }


    /// <summary>A stream that answers with at most so many bytes at a time.</summary>
    private sealed class Dribble(byte[] bytes, int most, Random? random = null) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override int Read(Span<byte> buffer) =>
            base.Read(buffer[..Math.Min(buffer.Length, random is null ? most : random.Next(1, most))]);
    }
}
