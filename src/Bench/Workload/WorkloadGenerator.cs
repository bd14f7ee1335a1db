using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Mortise.Bench.Workload;

/// <summary>Makes the two files of a workload from a seed, byte for byte those of bench/rivals/genworkload.</summary>
/// <remarks>Events: authors, people and hashtags by Zipf's law; nine of ten times in order over one year, the tenth
/// filled in later; nothing replaces or deletes. Every draw happens in the order of the format's description: one draw
/// more or less makes another workload.</remarks>
public sealed class WorkloadGenerator
{
    private const int Authors = 10_000;
    private const int Hashtags = 5_000;
    private const int Words = 4_096;
    private const int MostTags = 6;
    private const int MostTagSamples = 200_000;
    private const ulong Start = 1_735_689_600;
    private const ulong Span = 31_536_000;
    private const ulong Week = 7 * 86_400;

    private static readonly int[] s_rareKinds = [4, 5, 1111, 1984, 9735, 10002, 30078, 34550, 1063, 40, 42, 1311];
    private static readonly int[] s_queriedKinds = [1, 1, 1, 7, 7, 6, 0, 3, 30023, 9735];

    private readonly ulong _count;
    private readonly ulong _seed;
    private readonly WorkloadRandom _random;
    private readonly WorkloadRandom _sampling;
    private readonly ZipfTable _authors = new(Authors);
    private readonly ZipfTable _hashtagRanks = new(Hashtags);
    private readonly ZipfTable _wordRanks = new(Words);
    private readonly byte[][] _words = new byte[Words][];
    private readonly byte[][] _hashtags = new byte[Hashtags][];
    private readonly List<WorkloadTag> _samples = [];
    private ulong _tags;

    private WorkloadGenerator(long count, ulong seed)
    {
        _count = (ulong)count;
        _seed = seed;
        _random = new WorkloadRandom(seed);
        _sampling = new WorkloadRandom(seed ^ 0x7a65);
        for (int i = 0; i < Words; i++)
        {
            byte[] word = new byte[2 + (int)_random.Below(9)];
            for (int c = 0; c < word.Length; c++)
            {
                word[c] = (byte)('a' + (int)_random.Below(26));
            }

            _words[i] = word;
        }

        for (int i = 0; i < Hashtags; i++)
        {
            byte[] word = _words[_random.Below(Words)];
            byte[] tag = [.. word, .. Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture))];
            _hashtags[i] = tag[..Math.Min(tag.Length, WorkloadFormat.KeyBytes)];
        }
    }

    /// <summary>Writes the files of a workload.</summary>
    /// <param name="folder">Exists.</param>
    /// <param name="count">Events, 1 and up.</param>
    /// <param name="seed">Equal seeds and counts give equal files.</param>
    public static void Write(string folder, long count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var generator = new WorkloadGenerator(count, seed);
        using (var events = new BufferedStream(
            File.Create(Path.Combine(folder, WorkloadFile.FileName)), 1 << 20))
        {
            generator.WriteEvents(events);
        }

        using var queries = new BufferedStream(File.Create(Path.Combine(folder, QueryFile.FileName)), 1 << 20);
        generator.WriteQueries(queries);
    }

    private void WriteEvents(Stream to)
    {
        Span<byte> header = stackalloc byte[WorkloadFormat.HeaderBytes];
        header.Clear();
        WorkloadFormat.EventsMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header[WorkloadFormat.CountOffset..], _count);
        BinaryPrimitives.WriteUInt64LittleEndian(header[WorkloadFormat.SeedOffset..], _seed);
        BinaryPrimitives.WriteInt32LittleEndian(header[WorkloadFormat.AuthorsOffset..], Authors);
        BinaryPrimitives.WriteInt32LittleEndian(header[WorkloadFormat.HashtagsOffset..], Hashtags);
        BinaryPrimitives.WriteInt32LittleEndian(header[WorkloadFormat.WordsOffset..], Words);
        BinaryPrimitives.WriteUInt64LittleEndian(header[WorkloadFormat.StartOffset..], Start);
        BinaryPrimitives.WriteUInt64LittleEndian(header[WorkloadFormat.SpanOffset..], Span);
        to.Write(header);
        Span<byte> framed = stackalloc byte[2048];
        for (ulong i = 0; i < _count; i++)
        {
            int length = WriteBody(i, framed[sizeof(uint)..]);
            BinaryPrimitives.WriteInt32LittleEndian(framed, length);
            to.Write(framed[..(sizeof(uint) + length)]);
        }
    }

    private int WriteBody(ulong index, Span<byte> to)
    {
        WriteId(index, to);
        WriteAuthor(_authors.Draw(_random), to[WorkloadFormat.PublicKeyOffset..]);
        ulong now = Start + (ulong)(index * ((double)Span / _count));
        ulong time = _random.Below(10) == 0 ? Start + _random.Below(now - Start + 1) : now + _random.Below(61);
        BinaryPrimitives.WriteUInt64LittleEndian(to[WorkloadFormat.CreatedAtOffset..], time);
        BinaryPrimitives.WriteInt32LittleEndian(to[WorkloadFormat.KindOffset..], DrawKind());
        int at = WriteTags(index, to);
        int payload = 200 + (int)_random.Below(401);
        BinaryPrimitives.WriteUInt16LittleEndian(to[WorkloadFormat.PayloadLengthOffset..], (ushort)payload);
        int end = at + payload;
        for (int i = 0; i < WorkloadFormat.SignatureBytes / sizeof(ulong); i++, at += sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(to[at..], _random.Next());
        }

        while (at < end)
        {
            byte[] word = _words[_wordRanks.Draw(_random)];
            int length = Math.Min(word.Length, end - at);
            word.AsSpan(0, length).CopyTo(to[at..]);
            at += length;
            if (at < end)
            {
                to[at++] = (byte)' ';
            }
        }

        return end;
    }

    private int WriteTags(ulong index, Span<byte> to)
    {
        Span<WorkloadTag> seen = new WorkloadTag[MostTags];
        int count = 0;
        int at = WorkloadFormat.FixedBodyBytes;
        int wanted = (int)_random.Below(MostTags);
        for (int t = 0; t < wanted; t++)
        {
            if (DrawTag(index) is not { } tag || seen[..count].Contains(tag))
            {
                continue;
            }

            seen[count++] = tag;
            to[at] = tag.Name;
            to[at + 1] = (byte)tag.Value.Length;
            tag.Value.CopyTo(to[(at + 2)..]);
            at += 2 + tag.Value.Length;
            Sample(tag);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(to[WorkloadFormat.TagCountOffset..], (ushort)count);
        return at;
    }

    // Null where the first event would refer to an earlier one.
    private WorkloadTag? DrawTag(ulong index)
    {
        ulong sort = _random.Below(100);
        byte[] value = new byte[WorkloadFormat.KeyBytes];
        if (sort < 45)
        {
            if (index == 0)
            {
                return null;
            }

            ulong back = _random.Below(4) != 0
                ? 1 + _random.Below(Math.Min(index, 10_000))
                : 1 + _random.Below(index);
            WriteId(index - back, value);
            return new WorkloadTag((byte)'e', value);
        }

        if (sort < 85)
        {
            WriteAuthor(_authors.Draw(_random), value);
            return new WorkloadTag((byte)'p', value);
        }

        return new WorkloadTag((byte)'t', _hashtags[_hashtagRanks.Draw(_random)]);
    }

    private void Sample(WorkloadTag tag)
    {
        _tags++;
        if (_samples.Count < MostTagSamples)
        {
            _samples.Add(tag);
            return;
        }

        ulong slot = _sampling.Below(_tags);
        if (slot < MostTagSamples)
        {
            _samples[(int)slot] = tag;
        }
    }

    private int DrawKind() => _random.Below(100) switch
    {
        < 60 => 1,
        < 80 => 7,
        < 85 => 6,
        < 88 => 0,
        < 90 => 3,
        < 91 => 30023,
        _ => s_rareKinds[_random.Below((ulong)s_rareKinds.Length)],
    };

    private void WriteQueries(Stream to)
    {
        var random = new WorkloadRandom(_seed ^ (0x51UL << 32));
        Span<byte> entry = stackalloc byte[100 * WorkloadFormat.KeyBytes];
        to.Write(WorkloadFormat.QueriesMagic);
        WriteNumbers(to, 6, 0);
        WriteNumbers(to, (int)QueryShape.PointHit, 100_000, WorkloadFormat.KeyBytes, 1);
        for (int i = 0; i < 100_000; i++)
        {
            WriteId(random.Below(_count), entry);
            to.Write(entry[..WorkloadFormat.KeyBytes]);
        }

        WriteNumbers(to, (int)QueryShape.PointMiss, 100_000, WorkloadFormat.KeyBytes, 1);
        for (int i = 0; i < 100_000; i++)
        {
            WorkloadRandom.Fill32(random.Next(), entry);
            to.Write(entry[..WorkloadFormat.KeyBytes]);
        }

        WriteNumbers(to, (int)QueryShape.Author, 20_000, WorkloadFormat.KeyBytes, 20);
        for (int i = 0; i < 20_000; i++)
        {
            WriteAuthor((i & 1) != 0 ? _authors.Draw(random) : (int)random.Below(Authors), entry);
            to.Write(entry[..WorkloadFormat.KeyBytes]);
        }

        WriteNumbers(to, (int)QueryShape.Kind, 2_000, 24, 500);
        for (int i = 0; i < 2_000; i++)
        {
            ulong until = Start + (Span / 50) + random.Below(Span - (Span / 50));
            BinaryPrimitives.WriteUInt64LittleEndian(
                entry, (ulong)s_queriedKinds[random.Below((ulong)s_queriedKinds.Length)]);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], until - Week);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], until);
            to.Write(entry[..24]);
        }

        WriteNumbers(to, (int)QueryShape.Tag, 20_000, 40, 100);
        for (int i = 0; i < 20_000; i++)
        {
            WorkloadTag tag = _samples[(int)random.Below((ulong)_samples.Count)];
            entry[..40].Clear();
            entry[0] = tag.Name;
            entry[1] = (byte)tag.Value.Length;
            tag.Value.CopyTo(entry[8..]);
            to.Write(entry[..40]);
        }

        WriteNumbers(to, (int)QueryShape.Merge, 1_000, entry.Length, 100);
        for (int i = 0; i < 1_000; i++)
        {
            WriteAuthors(random, entry);
            to.Write(entry);
        }
    }

    private void WriteAuthors(WorkloadRandom random, Span<byte> to)
    {
        var drawn = new HashSet<int>();
        int count = 0;
        while (count < 100)
        {
            int author = (count & 1) != 0 ? _authors.Draw(random) : (int)random.Below(Authors);
            if (!drawn.Add(author))
            {
                author = (int)random.Below(Authors);
                if (!drawn.Add(author))
                {
                    continue;
                }
            }

            WriteAuthor(author, to[(count * WorkloadFormat.KeyBytes)..]);
            count++;
        }
    }

    private void WriteAuthor(int author, Span<byte> to) =>
        WorkloadRandom.Fill32((_seed * 0x1000003) + 0xA0000000 + (ulong)author, to);

    private void WriteId(ulong index, Span<byte> to) =>
        WorkloadRandom.Fill32(((_seed + 7) * 0x5851f42d4c957f2d) + (index * 0x2545f4914f6cdd1d), to);

    private static void WriteNumbers(Stream to, params ReadOnlySpan<int> numbers)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (int number in numbers)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
            to.Write(bytes);
        }
    }

    private readonly record struct WorkloadTag(byte Name, byte[] Value)
    {
        public bool Equals(WorkloadTag other) => Name == other.Name && Value.AsSpan().SequenceEqual(other.Value);

        public override int GetHashCode() => HashCode.Combine(Name, Value[0]);
    }
}
