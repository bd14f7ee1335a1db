using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>A relay in a program of somebody else, and its traces.</summary>
public sealed class EmbeddingTests
{
    /// <summary>The example of docs/relay.md, which <c>Examples</c> holds to this text.</summary>
    [Fact]
    public async Task A_program_adds_a_relay_to_its_services_and_maps_it_beside_its_own_pages()
    {
        string plugins = TestRelay.Plugins;
        string data = Directory.CreateTempSubdirectory("mortise-embedded-").FullName;
        try
        {
            // example begins
            var host = new MortiseHost(new MortiseHostOptions
            {
                PluginFolders = { plugins },
                Projections = [.. EventProjections.All.Keys],
            });
            ComposedStore composed = host.Compose(host.Resolve(StackFile.Parse("mine", DefaultStack.Text)), data);
            await using EventStore store = await EventStore.OpenAsync(composed.Composition);

            WebApplicationBuilder builder = WebApplication.CreateBuilder();
            builder.Services.AddSingleton(store);
            builder.Services.AddMortiseRelay(relay => relay.Name = "Mine");
            await using WebApplication app = builder.Build();
            app.MapGet("/about", () => "a program with a relay in it");
            app.MapMortiseRelay("/nostr");

            // example ends
            app.Urls.Add("http://127.0.0.1:0");
            await app.StartAsync();
            string url = app.Services.GetRequiredService<IServer>().Features
                .GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
            using (var http = new HttpClient())
            {
                Assert.Equal("a program with a relay in it", await http.GetStringAsync($"{url}/about"));
                using var document = new HttpRequestMessage(HttpMethod.Get, $"{url}/nostr");
                document.Headers.Accept.ParseAdd("application/nostr+json");
                using HttpResponseMessage answer = await http.SendAsync(document);
                Assert.Contains("\"Mine\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            await using TestClient client = await TestClient.ConnectAsync(
                new Uri(url.Replace("http://", "ws://", StringComparison.Ordinal) + "/nostr"));
            NostrEvent note = Authors.Note(Authors.Alice, "into a program");
            Assert.Equal((true, ""), await client.PublishAsync(note));
            Assert.Equal([note.Id], await client.QueryAsync("{}"));

            // The program's end is the relay's: clients are told, and the store is the program's to close.
            await app.StopAsync();
            while (await client.TryReceiveAsync() is { } goodbye)
            {
                Assert.Contains((string?)goodbye[0], (string[])["CLOSED", "NOTICE"]);
            }

            Assert.True(app.Services.GetRequiredService<NostrRelay>().IsStopping);
            Assert.Equal(1, store.Count([Filter.Everything]));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public void The_documented_example_is_the_tested_one()
    {
        string[] source = File.ReadAllLines(Path.Combine(TestRelay.Root, "tests", "Relay.Tests", "EmbeddingTests.cs"));
        int begin = Array.FindIndex(source, static line => line.Trim() == "// example begins");
        int end = Array.FindIndex(source, static line => line.Trim() == "// example ends");
        const int Indent = 12;
        string example = string.Join('\n', source[(begin + 1)..end].Select(
            static line => line.Length > Indent ? line[Indent..] : "")).Trim();
        string page = File.ReadAllText(Path.Combine(TestRelay.Root, "docs", "relay.md"));
        Assert.Contains(example, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_listens_gets_a_span_for_each_answer()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Mortise.Relay",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent note = Authors.Note(Authors.Alice, "traced");
        await client.PublishAsync(note);
        await client.QueryAsync("{\"ids\":[\"" + note.Id + "\"]}");

        // Other tests of this process have relays of their own, so that more spans may be there.
        await relay.Server.DisposeAsync();
        Assert.Contains(spans, static span => span.OperationName == "mortise.relay.event"
            && (string?)span.GetTagItem("mortise.relay.outcome") == "accepted" && span.Duration > TimeSpan.Zero);
        Assert.Contains(spans, static span => span.OperationName == "mortise.relay.query"
            && (string?)span.GetTagItem("mortise.relay.verb") == "REQ"
            && (long)span.GetTagItem("mortise.relay.events")! == 1);
        Assert.All(spans, span => Assert.DoesNotContain(
            span.TagObjects, tag => $"{tag.Value}".Contains(note.Id, StringComparison.Ordinal)));
    }
}
