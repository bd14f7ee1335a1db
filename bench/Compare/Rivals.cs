using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mortise.Bench.Compare;

/// <summary>The rivals whose headers are on this machine, compiled from bench/rivals.</summary>
internal static partial class Rivals
{
    private static readonly (string Engine, string Header, string Source, string Library, string Package)[] s_known =
    [
        ("lmdb", "lmdb.h", "e_lmdb.cpp", "-llmdb", "liblmdb-dev"),
        ("rocksdb", "rocksdb/c.h", "e_rocks.cpp", "-lrocksdb", "librocksdb-dev"),
        ("sqlite", "sqlite3.h", "e_sqlite.cpp", "-lsqlite3", "libsqlite3-dev"),
    ];

    /// <summary>Compiles; says on standard error what is left out and why.</summary>
    public static IReadOnlyList<Subject> Build(string sources, string scratch)
    {
        if (!Succeeds("g++", "--version"))
        {
            Console.Error.WriteLine("no rivals: there is no g++ here");
            return [];
        }

        var there = s_known.Where(known => HasHeader(known.Header)).ToList();
        foreach ((string engine, _, _, _, string package) in s_known.Except(there))
        {
            Console.Error.WriteLine($"without {engine}: its headers are not here (Debian: {package})");
        }

        string program = Path.Combine(scratch, "peerbench");
        string[] arguments =
        [
            "-O2", "-march=native", "-std=c++20", "-o", program,
            .. ((string[])["peerbench.cpp", "e_bound.cpp", "absent.cpp"]).Select(file => Path.Combine(sources, file)),
            .. there.Select(known => Path.Combine(sources, known.Source)),
            .. there.Select(static known => known.Library), "-lpthread",
        ];
        return Succeeds("g++", arguments)
            ? there.ConvertAll(known => (Subject)new Rival(known.Engine, program))
            : throw new InvalidOperationException("the rivals did not compile; see above");
    }

    private static bool HasHeader(string header)
    {
        var start = new ProcessStartInfo("g++", ["-std=c++20", "-x", "c++", "-fsyntax-only", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.WriteLine($"#include <{header}>");
        process.StandardInput.Close();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static bool Succeeds(string program, params IEnumerable<string> arguments)
    {
        try
        {
            using Process process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no such program, which the caller reports.
            return false;
        }
    }

    private sealed partial class Rival(string engine, string program) : Subject(engine)
    {
        public override IEnumerable<(string Metric, double Value)> Measure(
            string workload, string scratch, Settings settings)
        {
            string store = Path.Combine(scratch, "rival-store");
            Match relaxed = LoadLine().Match(Run(program, Name, "load", workload, store, "sync=0"));
            yield return ("relaxed", Number(relaxed, "settled"));
            Match commits = LoadLine().Match(
                Run(program, Name, "load", workload, store, "sync=1", "batch=1", "n=2000"));
            yield return ("commit", Number(commits, "all"));
            Match durable = LoadLine().Match(Run(program, Name, "load", workload, store, "sync=1"));
            yield return ("durable", Number(durable, "settled"));
            yield return ("durable_packed", Number(durable, "settled"));
            yield return ("durable_half", Number(durable, "half"));
            yield return ("bytes", Number(durable, "bytes"));
            Match open = OpenLine().Match(Run(program, Name, "open", workload, store));
            yield return ("open", Number(open, "open") + Number(open, "first"));
            string seconds = settings.Seconds.ToString(CultureInfo.InvariantCulture);
            string text = Run(program, Name, "query", workload, store, "secs=" + seconds, "least=1", "threads=1,2");
            foreach (Match digest in DigestLine().Matches(text))
            {
                // A slow engine does not finish the section within its time; then its digest says nothing.
                if (digest.Groups["done"].Value == digest.Groups["of"].Value)
                {
                    yield return ("digest:" + digest.Groups["section"].Value, Digest(digest.Groups["digest"].Value));
                }
            }

            foreach (Match pass in PassLine().Matches(text))
            {
                string section = pass.Groups["section"].Value;
                if (pass.Groups["threads"].Value == "1")
                {
                    yield return (section, Number(pass, "cpu"));
                    yield return (section + "_p50", Number(pass, "p50"));
                    yield return (section + "_p99", Number(pass, "p99"));
                }
                else
                {
                    yield return (section + "_2", Number(pass, "cpu"));
                }
            }

            Directory.Delete(store, recursive: true);
        }

        private static double Number(Match match, string group) => match.Success
            ? double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"a rival's output has no {group}");

        [GeneratedRegex(
            @"= (?<all>[0-9.]+) ev/s \(2nd half (?<half>[0-9.]+) ev/s\).* -> (?<settled>[0-9.]+) ev/s; "
            + @"disk [0-9.]+ MB \((?<bytes>[0-9.]+) B/ev")]
        private static partial Regex LoadLine();

        [GeneratedRegex(@"open (?<open>[0-9.]+) ms \(.*first point query \+(?<first>[0-9.]+) ms")]
        private static partial Regex OpenLine();

        [GeneratedRegex(@"(?<section>\w+) +digest (?<digest>[0-9a-f]{16}) .* q (?<done>[0-9]+)/(?<of>[0-9]+)")]
        private static partial Regex DigestLine();

        [GeneratedRegex(
            @"(?<section>\w+) +T=(?<threads>[0-9]) .* (?<cpu>[0-9]+) ops/s cpu "
            + @"+p50 +(?<p50>[0-9.]+) us +p99 +(?<p99>[0-9.]+) us")]
        private static partial Regex PassLine();
    }
}
