using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Mortise.Templates.Tests;

/// <summary>H47, H48: what a plugin's author is promised, done as it is written, offline.</summary>
public sealed partial class TemplateTests(Workshop workshop) : IClassFixture<Workshop>
{
    private static readonly string[] s_kinds = ["log", "records", "index", "cache", "partition"];

    [Fact]
    public void A_plugin_is_written_tested_packed_and_installed_as_the_document_says()
    {
        string document = File.ReadAllText(Path.Combine(Workshop.Root, "docs", "plugins", "writing.md"));
        string script = string.Join('\n', Script().Matches(document).Select(static m => m.Groups[1].Value));
        string said = workshop.Run($"export DOTNET_CLI_HOME=$PWD/newcomer\n{script}");

        // The laws were checked, the plugin is installed, and the host takes it.
        Assert.Matches(@"Passed!  - Failed: +0, Passed: +1\d,", said);
        Assert.Contains("acme.shelf 1.0.0: installed in", said, StringComparison.Ordinal);
        Assert.Contains("acme.shelf.lru: acme.shelf 1.0.0", said, StringComparison.Ordinal);
    }

    [Fact]
    public void What_every_template_makes_builds_without_a_warning_and_obeys_the_laws()
    {
        string make = string.Join('\n', s_kinds.Select(
            static kind => $"dotnet new mortise-{kind} --name Acme.My_{kind} --feed $FEED --output {kind}"));
        string all = string.Join(' ', s_kinds.Select(
            static kind => $"{kind}/src/Acme.My_{kind}/*.csproj {kind}/tests/*/*.csproj"));
        long began = Stopwatch.GetTimestamp();
        string said = workshop.Run($"""
            {make}
            dotnet new sln --format slnx --name All
            dotnet sln All.slnx add {all}
            dotnet test All.slnx -c Release
            dotnet pack All.slnx -c Release --no-build -o made
            mortise plugins add made/*.nupkg
            mortise plugins list
            mortise plugins verify
            """);
        Assert.DoesNotContain("warning", said, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(s_kinds.Length, Regex.Count(said, "Passed!"));
        foreach (string kind in s_kinds)
        {
            Assert.Contains($"acme.my-{kind} 1.0.0", said, StringComparison.Ordinal);
        }

        // A promise, not a measurement: it takes half a minute on a small machine.
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Assert.True(took < TimeSpan.FromMinutes(15), $"all five took {took}");
    }

    [Fact]
    public void Common_mistakes_stop_the_build_with_what_to_do()
    {
        string said = workshop.Run("""
            dotnet new mortise-cache --name Acme.Wrong --feed $FEED
            cd Acme.Wrong/src/Acme.Wrong
            sed -i.old 's/ ExcludeAssets="runtime"//' Acme.Wrong.csproj
            dotnet build && exit 1
            mv Acme.Wrong.csproj.old Acme.Wrong.csproj
            sed -i.old 's/acme.wrong.lru/Wrong/' Plugin.cs
            dotnet build && exit 1
            true
            """);
        Assert.Contains("error MORTISE010", said, StringComparison.Ordinal);
        Assert.Contains("ExcludeAssets=\"runtime\"", said, StringComparison.Ordinal);
        Assert.Contains("error MORTISE013", said, StringComparison.Ordinal);
        Assert.Contains("'Wrong'", said, StringComparison.Ordinal);
    }

    /// <summary>A newcomer's log forgets to sync. What the report says must be enough to find that, without a look at the
    /// kit's source: the law, the operations, what was expected, what came, and what happened on the disk.</summary>
    [Fact]
    public void The_report_of_a_broken_law_says_enough_to_mend_it()
    {
        string page = workshop.Run("""
            dotnet new mortise-log --name Acme.Forgetful --feed $FEED
            cd Acme.Forgetful
            sed -i.old '/_file.Sync(SyncKind.Data);/d' src/Acme.Forgetful/SimpleLog.cs
            cmp -s src/Acme.Forgetful/SimpleLog.cs src/Acme.Forgetful/SimpleLog.cs.old && exit 1
            dotnet build -c Release src/Acme.Forgetful > build.txt
            mortise conformance src/Acme.Forgetful/bin/Release/plugins/* --tier smoke --seed 1 --law WL6 --law WL12 --law WL1 \
              --report html,json,junit --out report > said.txt && exit 1
            cat report/*-report.html
            """);
        Assert.Contains("Does not conform: 2 laws that must hold do not.", page, StringComparison.Ordinal);
        Assert.Contains("WL6 · SyncAsync completes only when everything up to its LSN", page, StringComparison.Ordinal);
        Assert.Matches("two syncs through [0-9]+ begun, the second completed, the power was cut", page);
        Assert.Matches("the last record is 0; a sync had completed through [0-9]+", page);
        Assert.Contains("WL12 · A crash during recovery", page, StringComparison.Ordinal);
        Assert.Matches("The shortest list of operations that shows it</p>\n<pre> 1  append\\([0-9]+ bytes\\)", page);
        Assert.Contains("the log was closed in order and ends at", page, StringComparison.Ordinal);
        Assert.Contains("What happened on the simulated disk", page, StringComparison.Ordinal);
        Assert.Contains("--law WL12", page, StringComparison.Ordinal);
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Script();
}
