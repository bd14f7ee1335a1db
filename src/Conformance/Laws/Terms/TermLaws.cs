using System.Globalization;
using System.Text;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="ITermProjection"/>.</summary>
public static class TermLaws
{
    private static readonly string[] s_words =
    [
        "zap", "Lightning", "NODE", "über", "ÜBER", "İstanbul", "straße", "日本語", "ไทย", "שלום", "e\u0301", "42", "a",
        "ab", "#tag", "key:value", "\U0001F9F1", "x\u0000y", "don't",
        "averyveryveryverylongwordthatgoesonandonandonandonandonandonandonandonandon",
    ];

    /// <summary>All of them.</summary>
    public static LawSuite<TermSubject> Suite { get; } = UnloadLaw.AddTo(
        Projections(), LawContract.TermProjection, static (subject, _) => Project(subject.Create(), "some text"u8, 1));

    private static LawSuite<TermSubject> Projections() => new LawSuite<TermSubject>().Group("terms")
        .Add(Must("TP1", "Any bytes, in a record's fields and in a search, give terms and no exception."), Total)
        .Add(
            Must("TP2", "Each term has 1 to MaxTermBytes bytes, and MaxTermBytes is 1 to 255."),
            Lengths)
        .Add(
            Must("TP3", "Pure: equal fields give equal terms, in every instance, from every thread, whatever came "
                + "before."),
            Pure)
        .Add(Must("TP4", "Terms are emitted by the calling thread, before the call returns."), OnTheCaller)
        .Add(
            Must("TP5", "What a sink throws passes unchanged, and the next call gives what it gave before."),
            SinkThrows)
        .Add(
            Must("TP6", "The code of a projection calls no hash that differs between processes, no clock, no random "
                + "source and opens no file."),
            NoHiddenInput)
        .Add(
            new Law
            {
                Id = "TP7",
                Contract = LawContract.TermProjection,
                Level = LawLevel.Should,
                Text = "A record is found by what it says: the terms of a short text as a search are among those of a "
                    + "record that has it in its fields.",
            },
            FindsItself);

    private static Law Must(string id, string text) =>
        new() { Id = id, Contract = LawContract.TermProjection, Text = text };

    /// <summary>Texts that a stranger may have written, and random ones.</summary>
    private static List<byte[]> Texts(LawRun run, int count)
    {
        Random random = Seeds.Generator(run.Seed);
        List<byte[]> texts =
        [
            [], [0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [.. Enumerable.Range(0, 256).Select(b => (byte)b)],
            [.. Enumerable.Repeat((byte)'w', 100_000)], [.. Enumerable.Repeat((byte)' ', 10_000)],
            Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Range(0, 20_000))),
            Encoding.UTF8.GetBytes(string.Join(' ', s_words)),
        ];
        texts.AddRange(s_words.Select(Encoding.UTF8.GetBytes));
        for (int i = 0; i < count; i++)
        {
            byte[] noise = new byte[random.Next(80)];
            random.NextBytes(noise);
            texts.Add(i % 2 == 0 ? noise : Sentence(random));
        }

        return texts;
    }

    private static byte[] Sentence(Random random) => Encoding.UTF8.GetBytes(string.Join(
        " ,.\t\n"[random.Next(5)],
        Enumerable.Range(0, random.Next(1, 9)).Select(_ => s_words[random.Next(s_words.Length)])));

    private static TermBag Project(ITermProjection terms, ReadOnlySpan<byte> text, int values)
    {
        TermBag bag = new(terms.MaxTermBytes);
        LawRecord record = new(text, values);
        terms.Project(record, bag);
        return bag.Close();
    }

    private static TermBag Parse(ITermProjection terms, ReadOnlySpan<byte> text)
    {
        TermBag bag = new(terms.MaxTermBytes);
        terms.Parse(text, bag);
        return bag.Close();
    }

    /// <summary>Both calls on each text, with a text for a person.</summary>
    private static IEnumerable<(string What, Func<ITermProjection, TermBag> Call)> Calls(IEnumerable<byte[]> texts)
    {
        foreach (byte[] text in texts)
        {
            yield return ($"a record with {Tell(text)}", terms => Project(terms, text, 1));
            yield return ($"a record with three times {Tell(text)}", terms => Project(terms, text, 3));
            yield return ($"a search for {Tell(text)}", terms => Parse(terms, text));
        }

        yield return ("a record without fields", static terms => Project(terms, [], 0));
    }

    private static string Tell(byte[] text) => string.Create(
        CultureInfo.InvariantCulture,
        $"{text.Length} bytes that begin with {Convert.ToHexStringLower(text.AsSpan(0, Math.Min(24, text.Length)))}");

    private static string Tell(IEnumerable<string> terms) =>
        string.Join(
            ", ", terms.Take(8).Select(static term => $"'{Encoding.UTF8.GetString(Convert.FromHexString(term))}'"));

    private static void Total(LawRun run, TermSubject subject)
    {
        ITermProjection terms = subject.Create();
        foreach ((string what, Func<ITermProjection, TermBag> call) in Calls(Texts(run, run.Scale(300, 3000, 30_000))))
        {
            try
            {
                call(terms);
            }
            catch (Exception thrown)
            {
                throw new LawBrokenException(
                    $"{what}: {thrown.GetType().Name}: {thrown.Message}; anybody can write such a record, and a store "
                        + "that cannot index it refuses all writes",
                    thrown);
            }
        }
    }

    private static void Lengths(LawRun run, TermSubject subject)
    {
        ITermProjection terms = subject.Create();
        LawRun.Require(terms.MaxTermBytes is >= 1 and <= 255, $"MaxTermBytes is {terms.MaxTermBytes}");
        foreach ((string what, Func<ITermProjection, TermBag> call) in Calls(Texts(run, run.Scale(300, 3000, 30_000))))
        {
            string? broken = call(terms).Broken;
            LawRun.Require(broken is null, $"{what} gives {broken}");
        }
    }

    private static void Pure(LawRun run, TermSubject subject)
    {
        ITermProjection first = subject.Create();
        ITermProjection second = subject.Create();
        LawRun.Require(
            first.FormatVersion == second.FormatVersion && first.MaxTermBytes == second.MaxTermBytes,
            "FormatVersion or MaxTermBytes differs between two instances with equal options: the index would be built "
                + "anew at every start");
        (string What, Func<ITermProjection, TermBag> Call)[] calls =
            [.. Calls(Texts(run, run.Scale(100, 1000, 10_000)))];
        SortedSet<string>[] expected = [.. calls.Select(each => each.Call(first).Terms)];
        LawThreads.Run(3, t =>
        {
            ITermProjection terms = t == 0 ? first : second;
            for (int i = calls.Length - 1; i >= 0; i--)
            {
                SortedSet<string> found = calls[i].Call(terms).Terms;
                if (!found.SetEquals(expected[i]))
                {
                    throw new LawBrokenException($"{calls[i].What} gave {Tell(expected[i])}, and now {Tell(found)}");
                }
            }
        });
    }

    private static void OnTheCaller(LawRun run, TermSubject subject)
    {
        ITermProjection terms = subject.Create();
        (string What, TermBag Bag)[] calls =
            [.. Calls(Texts(run, run.Scale(100, 1000, 10_000))).Select(each => (each.What, each.Call(terms)))];
        foreach ((string what, TermBag bag) in calls)
        {
            LawRun.Require(!bag.IsForeign, $"{what}: a term came from another thread, or after the call had returned");
        }
    }

    private static void SinkThrows(LawRun run, TermSubject subject)
    {
        ITermProjection terms = subject.Create();
        foreach (byte[] text in Texts(run, run.Scale(50, 500, 5000)))
        {
            SortedSet<string> before = Project(terms, text, 1).Terms;
            if (before.Count > 0)
            {
                InvalidOperationException own = new("the sink's own");
                InvalidOperationException passed = LawRun.Throws<InvalidOperationException>(
                    () => terms.Project(new LawRecord(text, 1), new TermBag(terms.MaxTermBytes) { Throws = own }),
                    $"a record with {Tell(text)} and a sink that throws");
                LawRun.Require(ReferenceEquals(passed, own), "what the sink threw came out as another exception");
                SortedSet<string> after = Project(terms, text, 1).Terms;
                LawRun.Require(
                    after.SetEquals(before),
                    $"a record with {Tell(text)} gave {Tell(before)}, and after a sink that threw {Tell(after)}");
            }
        }
    }

    private static void NoHiddenInput(LawRun run, TermSubject subject)
    {
        _ = run;
        IReadOnlyList<string> found = BypassScan.Of(subject.Create().GetType(), alsoRandomizedHashes: true);
        LawRun.Require(
            found.Count == 0,
            $"it depends on more than its arguments:\n  {string.Join("\n  ", found)}\nanother process, or this one "
                + "tomorrow, would find other terms in the same record, and not remove those that are there");
    }

    private static void FindsItself(LawRun run, TermSubject subject)
    {
        ITermProjection terms = subject.Create();
        Random random = Seeds.Generator(run.Seed);
        for (int i = 0; i < run.Scale(300, 3000, 30_000); i++)
        {
            byte[] text = Sentence(random);
            SortedSet<string> wanted = Parse(terms, text).Terms;
            SortedSet<string> there = Project(terms, text, 1).Terms;
            LawRun.Require(
                wanted.IsSubsetOf(there),
                $"'{Encoding.UTF8.GetString(text)}' as a search wants {Tell(wanted)}; a record that says it has "
                    + $"{Tell(there)}, and is not found");
        }
    }
}
