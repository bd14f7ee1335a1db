using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>A program that decides, as operators write them.</summary>
public sealed class ExternalPolicyTests
{
    private const string Decider = """
        while IFS= read -r line; do
          id=$(printf '%s' "$line" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
          case "$line" in
            *'"content":"accept"'*) printf '{"id":"%s","action":"accept"}\n' "$id" ;;
            *'"content":"reject"'*) printf '{"id":"%s","action":"reject","msg":"blocked: not here"}\n' "$id" ;;
            *'"content":"plain"'*) printf '{"id":"%s","action":"reject","msg":"not here"}\n' "$id" ;;
            *'"content":"shadow"'*) printf '{"id":"%s","action":"shadowReject"}\n' "$id" ;;
            *'"content":"garbage"'*) printf 'garbage\n' ;;
            *'"content":"other"'*) printf '{"id":"00","action":"accept"}\n' ;;
            *'"content":"die"'*) exit 3 ;;
            *'"content":"late"'*) sleep 30 ;;
          esac
        done
        """;

    [Fact]
    public async Task It_decides_and_a_broken_one_lets_nothing_in_and_is_started_anew()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Admission.Program = "sh";
            o.Admission.ProgramArguments = ["-c", Decider];
            o.Admission.ProgramTimeout = TimeSpan.FromSeconds(5);
        }));
        await using TestClient client = await relay.ConnectAsync();
        foreach ((string content, bool accepted, string text) in ((string, bool, string)[])
        [
            ("accept", true, ""), ("reject", false, "blocked: not here"), ("plain", false, "blocked: not here"),
            ("shadow", true, ""), ("garbage", false, "error: "), ("other", false, "error: "), ("die", false, "error: "),
            ("late", false, "error: "),
        ])
        {
            (bool isAccepted, string said) = await client.PublishAsync(Authors.Note(Authors.Alice, content));
            Assert.True(isAccepted == accepted && said.StartsWith(text, StringComparison.Ordinal), $"{content}: {said}");
            Assert.True((await client.PublishAsync(Authors.Note(Authors.Bob, "accept", age: text.Length + content.Length))).Accepted);
        }

        Assert.Equal(0, await client.CountAsync($"{{\"authors\":[\"{Authors.PublicKey(Authors.Alice)}\"]}}") - 1);
    }

    [Theory]
    [InlineData("%s", "one without an id")]
    [InlineData("{\"id\":null,%s", "one with an id that is none")]
    [InlineData("[%s", "one that is a list")]
    public async Task An_answer_that_names_no_event_decides_about_none(string form, string what)
    {
        string answer = form.Replace("%s", form == "%s" ? "{\"action\":\"accept\"}" : "\"action\":\"accept\"}", StringComparison.Ordinal);
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Admission.Program = "sh";
            o.Admission.ProgramArguments = ["-c", $"while read -r line; do echo '{answer}'; done"];
        }));
        await using TestClient client = await relay.ConnectAsync();
        (bool accepted, string text) = await client.PublishAsync(Authors.Note(Authors.Alice, what));
        Assert.False(accepted);
        Assert.StartsWith("error: ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_answers_twice_or_floods_its_standard_error_decides_about_no_other_event()
    {
        const string Twice = """
            while IFS= read -r line; do
              id=$(printf '%s' "$line" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
              head -c 300000 /dev/zero >&2
              case "$line" in
                *'"content":"good"'*) printf '{"id":"%s","action":"accept"}\n{"id":"%s","action":"accept"}\n' "$id" "$id" ;;
                *) printf '{"id":"%s","action":"reject","msg":"blocked: bad"}\n' "$id" ;;
              esac
            done
            """;
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Admission.Program = "sh";
            o.Admission.ProgramArguments = ["-c", $"exec 2>/dev/null\n{Twice}"];
        }));
        await using TestClient client = await relay.ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            string[][] tags = [["n", $"{i}"]];
            Assert.True((await client.PublishAsync(Authors.Note(Authors.Alice, "good", tags: tags))).Accepted);
            Assert.False((await client.PublishAsync(Authors.Note(Authors.Alice, "bad", tags: tags))).Accepted);
        }

        Assert.Equal(0, await client.CountAsync("{}") - 3);
    }

    [Fact]
    public async Task A_program_that_is_not_there_lets_nothing_in()
    {
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.Admission.Program = "no-such-program-anywhere"));
        await using TestClient client = await relay.ConnectAsync();
        Assert.StartsWith(
            "error: ",
            (await client.PublishAsync(Authors.Note(Authors.Alice, "x"))).Text,
            StringComparison.Ordinal);
        Assert.Equal(0, await client.CountAsync("{}"));
    }

    [Fact]
    public async Task A_program_that_never_ends_its_line_is_not_listened_to()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Admission.Program = "sh";
            o.Admission.ProgramArguments = ["-c", "exec tr '\\0' x < /dev/zero"];
            o.Admission.ProgramTimeout = TimeSpan.FromHours(1);
        }));
        await using TestClient client = await relay.ConnectAsync();
        Assert.StartsWith(
            "error: ", (await client.PublishAsync(Authors.Note(Authors.Alice, "x"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_reads_nothing_is_given_up_however_large_the_event()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Limits.MaxEventBytes = ByteSize.KiB(120);
            o.Limits.MaxContentLength = 120_000;
            o.Admission.Program = "sh";
            o.Admission.ProgramArguments = ["-c", "exec sleep 1000"];
            o.Admission.ProgramTimeout = TimeSpan.FromMilliseconds(200);
        }));
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent large = Authors.Note(Authors.Alice, new string('x', 110_000));
        Assert.StartsWith("error: ", (await client.PublishAsync(large)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_hangs_does_not_keep_the_relay_from_stopping()
    {
        TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.ShutdownTimeout = TimeSpan.Zero;
            o.Admission.Program = "sh";
            o.Admission.ProgramArguments = ["-c", "exec sleep 1000"];
            o.Admission.ProgramTimeout = TimeSpan.FromHours(1);
        }));
        await using TestClient client = await relay.ConnectAsync();
        for (int i = 0; i < 20; i++)
        {
            await client.SendAsync($"[\"EVENT\",{Authors.Note(Authors.Alice, $"{i}").ToJson()}]");
        }

        await client.ExpectSilenceAsync();
        await relay.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2));
    }
}
