using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mortise.Nostr;
using Mortise.TestSupport;

namespace Mortise.Relay.Tests;

/// <summary>What operators look at.</summary>
public sealed class OperatorTests
{
    [Fact]
    public async Task One_address_answers_browsers_programs_and_clients_each_with_theirs()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        Assert.Equal("text/html", await TypeAsync(http, relay.Http, "text/html,application/xhtml+xml;q=0.9"));
        Assert.Equal("application/nostr+json", await TypeAsync(http, relay.Http, "application/nostr+json"));
        Assert.Equal("application/nostr+json", await TypeAsync(http, relay.Http, "text/html, application/nostr+json"));
        Assert.Equal("text/plain", await TypeAsync(http, relay.Http, "*/*"));
    }

    [Fact]
    public async Task Strangers_see_neither_dashboard_nor_metrics_and_health_without_reasons()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        foreach (string path in (string[])["/metrics", "/dashboard/status", "/dashboard/app.js", "/dashboard/style.css"])
        {
            foreach ((string header, string value) in ((string, string)[])
                [("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=203.0.113.9"), ("Host", "rebound.example")])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(relay.Http, path));
                request.Headers.TryAddWithoutValidation(header, value);
                using HttpResponseMessage refused = await http.SendAsync(request);
                Assert.True(refused.StatusCode == HttpStatusCode.NotFound, $"{path} {header}: {refused.StatusCode}");
            }

            using HttpResponseMessage shown = await http.GetAsync(new Uri(relay.Http, path));
            Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
        }
    }

    [Fact]
    public async Task The_page_may_run_no_script_but_its_own()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, relay.Http);
        request.Headers.Accept.ParseAdd("text/html");
        using HttpResponseMessage page = await http.SendAsync(request);
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("innerHTML", await http.GetStringAsync(new Uri(relay.Http, "/dashboard/app.js")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_metric_may_be_read_as_soon_as_it_is_published()
    {
        await using TestRelay relay = await TestRelay.StartAsync();

        // Relays of other tests publish theirs on other threads.
        Thread here = Thread.CurrentThread;
        using var metrics = new ReadAtOnce(
            meter => meter.Name == RelayMetrics.MeterName && Thread.CurrentThread == here);
        var another = new NostrRelay(relay.Store, relay.Relay.Policy);
        Assert.Contains("mortise.relay.intake.waiting", metrics.Read);
        Assert.Contains("mortise.relay.outgoing.max", metrics.Read);
        await another.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_tell_what_happened()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.PublishAsync(Authors.Note(Authors.Alice, "x"));
        await client.QueryAsync("{}");
        using var http = new HttpClient();
        string text = await http.GetStringAsync(new Uri(relay.Http, "/metrics"));
        foreach (string name in (string[])
        [
            "mortise_relay_events_total{outcome=\"accepted\"}", "mortise_relay_event_duration_seconds_bucket{le=\"+Inf\"}",
            "mortise_relay_event_duration_seconds_quantile{quantile=\"0.99\"}", "mortise_relay_query_duration_seconds_count",
            "mortise_relay_connections ", "mortise_commits_total",
        ])
        {
            Assert.Contains("\n" + name, text, StringComparison.Ordinal);
        }

        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != '#'))
        {
            string family = line[..line.IndexOfAny(['{', ' '])];
            if (family.EndsWith("_quantile", StringComparison.Ordinal))
            {
                Assert.Contains($"\n# TYPE {family} summary\n", text, StringComparison.Ordinal);
                Assert.Contains($"\n# HELP {family} ", text, StringComparison.Ordinal);
            }

            Assert.Matches(@"^[a-z_][a-z0-9_]*(\{[a-z_]+=""[^""\n]*""(,[a-z_]+=""[^""\n]*"")*\})? (NaN|[-+0-9.eE]+)$", line);
        }
    }

    [Fact]
    public async Task A_query_of_the_dashboard_shows_plan_and_events_and_no_gift_wraps()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        NostrEvent note = Authors.Note(Authors.Alice, "</script><b>&");
        await relay.Store.PutAsync(note);
        await relay.Store.PutAsync(Authors.Note(Authors.Alice, "x", kind: 1059, tags: [["p", Authors.PublicKey(Authors.Bob)]]));
        using var http = new HttpClient();
        JsonNode answer = JsonNode.Parse(await AskAsync(http, relay, "{}", HttpStatusCode.OK))!;
        Assert.Equal(note.Id, (string?)Assert.Single(answer["events"]!.AsArray())!["id"]);
        Assert.Contains("results", (string)answer["plan"]!, StringComparison.Ordinal);
        Assert.Contains("unknown field", await AskAsync(http, relay, "{\"x\":1}", HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains(
            "more than 65536 bytes", await AskAsync(http, relay, new string('[', 70_000), HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_of_a_strangers_page_is_not_computed()
    {
        // A browser sends these types to any origin without asking it first (Fetch Standard, 2.2.2).
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        foreach (string type in (string[])["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
        {
            using var content = new StringContent("{}", Encoding.UTF8, type);
            using HttpResponseMessage refused = await http.PostAsync(new Uri(relay.Http, "/dashboard/query"), content);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Options, new Uri(relay.Http, "/dashboard/query"));
        using HttpResponseMessage asked = await http.SendAsync(request);
        Assert.False(asked.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/ready")]
    [InlineData("/metrics")]
    [InlineData("/dashboard/status")]
    [InlineData("/")]
    public async Task What_may_be_read_may_be_asked_for_its_head(string path)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(relay.Http, path));
        using HttpResponseMessage head = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.True(head.Content.Headers.ContentLength > 0);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LocalHost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.1.2.3", true)]
    [InlineData("[::1]", true)]
    [InlineData("evil.localhost", false)]
    [InlineData("localhost.evil", false)]
    [InlineData("127.0.0.1.evil", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("", false)]
    public void Names_of_this_machine_are_those_that_no_stranger_can_give_it(string host, bool isLocal) =>
        Assert.Equal(isLocal, ClientAddress.IsLocalName(host));

    [Fact]
    public async Task The_last_minutes_are_in_order_when_the_clock_is_set()
    {
        var clock = new ManualClock();
        await using TestRelay relay = await TestRelay.StartAsync(time: clock);
        using var http = new HttpClient();
        DateTimeOffset began = clock.GetUtcNow();
        foreach (int hours in (int[])[0, -5, 9, -4])
        {
            clock.Set(began + TimeSpan.FromHours(hours));
            clock.Advance(TimeSpan.FromSeconds(2));
            JsonNode status = JsonNode.Parse(await http.GetStringAsync(new Uri(relay.Http, "/dashboard/status")))!;
            long[] times = [.. status["samples"]!.AsArray().Select(static s => (long)s!["at"]!)];
            Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds(), times[^1]);
            Assert.All(times.Zip(times.Skip(1)), static pair => Assert.Equal(2_000, pair.Second - pair.First));
        }
    }

    [Fact]
    public async Task Health_and_readiness_follow_the_relay()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var http = new HttpClient();
        foreach (string path in (string[])["/health", "/ready"])
        {
            using HttpResponseMessage good = await http.GetAsync(new Uri(relay.Http, path));
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        }

        await relay.Relay.StopAsync();
        using HttpResponseMessage ready = await http.GetAsync(new Uri(relay.Http, "/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("shutting down", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using HttpResponseMessage health = await http.GetAsync(new Uri(relay.Http, "/health"));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(3.0)]
    [InlineData(1e-12)]
    [InlineData(1e30)]
    public void Quantiles_are_right_to_three_in_a_hundred(double scale)
    {
        var histogram = new LogHistogram();
        for (int i = 1; i <= 1_000; i++)
        {
            histogram.Record(i * scale);
        }

        double median = LogHistogram.Quantile(histogram.Snapshot(), 0.5);
        if (scale is > 1e-9 and < 1e6)
        {
            Assert.InRange(median, 500 * scale * 0.968, 500 * scale * 1.032);
        }

        Assert.Equal(1_000, histogram.Snapshot().Sum());
        Assert.True(double.IsNaN(LogHistogram.Quantile(new LogHistogram().Snapshot(), 0.5)));
    }

    private static async Task<string?> TypeAsync(HttpClient http, Uri address, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await http.SendAsync(request);
        return response.Content.Headers.ContentType?.MediaType;
    }

    private static async Task<string> AskAsync(HttpClient http, TestRelay relay, string body, HttpStatusCode expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync(new Uri(relay.Http, "/dashboard/query"), content);
        Assert.Equal(expected, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }
}
