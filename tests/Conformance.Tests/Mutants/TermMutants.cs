using System.Text;
using Mortise.Indexing;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

internal static class TermMutants
{
    public static IEnumerable<Mutant> All()
    {
        yield return Of("TP1", "throws at what is no UTF-8", static () => new Broken { Reads = Strict });
        yield return Of("TP2", "emits what stands between two spaces", static () => new Broken { Emits = WithEmpty });
        yield return Of("TP2", "emits words of any length", static () => new Broken { Emits = Whole });
        yield return Of("TP3", "leaves out what it has seen before", static () => new Broken { Wants = new Unseen().Wants });
        yield return Of("TP3", "has another version at every start", static () => new Broken { Version = ++s_version });
        yield return Of("TP4", "emits from a task of its own", static () => new Broken { Emits = FromTask });
        yield return Of("TP5", "swallows what a sink throws", static () => new Broken { Emits = Swallowing });
        yield return Of("TP6", "numbers words by string.GetHashCode", static () => new HashedTerms());
        yield return Of("TP7", "searches as they are typed, records in lower case", static () => new Broken { Reads = Lower });
    }

    private static int s_version;

    private static Mutant Of(string law, string broken, Func<ITermProjection> create) =>
        Mutant.Of(law, broken, new TermSubject { Name = broken, Create = create });

    private static byte[] Strict(ReadOnlySpan<byte> text) =>
        Encoding.UTF8.GetBytes(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text));

    private static byte[] Lower(ReadOnlySpan<byte> text) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text).ToLowerInvariant());

    private static void WithEmpty(ReadOnlySpan<byte> text, ITermSink sink)
    {
        foreach (Range word in text.Split((byte)' '))
        {
            sink.Emit(text[word][..Math.Min(16, text[word].Length)]);
        }
    }

    private static void Whole(ReadOnlySpan<byte> text, ITermSink sink)
    {
        foreach (Range word in text.Split((byte)' '))
        {
            if (!text[word].IsEmpty)
            {
                sink.Emit(text[word]);
            }
        }
    }

    private static void FromTask(ReadOnlySpan<byte> text, ITermSink sink)
    {
        byte[] copy = text.ToArray();
        var thread = new Thread(() => new SplitTerms().Parse(copy, sink));
        thread.Start();
        thread.Join();
    }

    private static void Swallowing(ReadOnlySpan<byte> text, ITermSink sink)
    {
        try
        {
            new SplitTerms().Parse(text, sink);
        }
        catch (InvalidOperationException)
        {
            // What a careless author writes so that one record cannot stop the others.
        }
    }

    private delegate byte[] Reader(ReadOnlySpan<byte> text);

    private delegate void Emitter(ReadOnlySpan<byte> text, ITermSink sink);

    /// <summary>Terms of the fields with something broken; searches are sound.</summary>
    private sealed class Broken : ITermProjection
    {
        public Reader Reads { get; init; } = static text => text.ToArray();

        public Emitter Emits { get; init; } = new SplitTerms().Parse;

        public Predicate<byte[]> Wants { get; init; } = static _ => true;

        public int Version { get; init; } = 1;

        public int FormatVersion => Version;

        public int MaxTermBytes => 16;

        public void Project<TRecord>(in TRecord record, ITermSink sink)
            where TRecord : IRecordFields, allows ref struct
        {
            if (record.TryGet("content"u8, 0, out ReadOnlySpan<byte> text))
            {
                byte[] read = Reads(text);
                if (Wants(read))
                {
                    Emits(read, sink);
                }
            }
        }

        public void Parse(ReadOnlySpan<byte> search, ITermSink sink) => new SplitTerms().Parse(search, sink);
    }

    /// <summary>A cache that was meant to save work.</summary>
    private sealed class Unseen
    {
        private readonly HashSet<string> _seen = [];

        public bool Wants(byte[] text)
        {
            lock (_seen)
            {
                return _seen.Add(Convert.ToHexString(text));
            }
        }
    }

    private sealed class HashedTerms : ITermProjection
    {
        public int FormatVersion => 1;

        public int MaxTermBytes => sizeof(int);

        public void Project<TRecord>(in TRecord record, ITermSink sink)
            where TRecord : IRecordFields, allows ref struct
        {
            if (record.TryGet("content"u8, 0, out ReadOnlySpan<byte> text))
            {
                Parse(text, sink);
            }
        }

        public void Parse(ReadOnlySpan<byte> search, ITermSink sink) =>
            sink.Emit(BitConverter.GetBytes(Encoding.UTF8.GetString(search).GetHashCode()));
    }
}
