using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>A program that decides about events: a line of JSON in, a line of JSON out, as strfry's write policies
/// speak.</summary>
/// <remarks>
/// <para>In: <c>{"type":"new","event":{...},"receivedAt":N,"sourceType":"IP4","sourceInfo":"..."}</c>. Out:
/// <c>{"id":"...","action":"accept"}</c>, <c>reject</c> with <c>msg</c>, or <c>shadowReject</c>.</para>
/// <para>One question at a time. A program that dies, is late or says something else has its event refused and is
/// started
/// anew for the next: a broken policy lets nothing in.</para>
/// <para>Its standard error goes to the relay's.</para>
/// </remarks>
internal sealed class ExternalPolicy(AdmissionOptions options, TimeProvider time, ILogger log) : IDisposable
{
    private const int MaxAnswer = 65_536;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _givingUp = new();
    private readonly char[] _said = new char[MaxAnswer];
    private int _saidCount;
    private Process? _process;

    /// <summary>Asks about one verified event.</summary>
    /// <returns>Whether it is accepted; if not, whether the client is told otherwise; and what it is told.</returns>
    public async Task<(bool Accepts, bool IsSilent, string Text)> AskAsync(IntakeJob job)
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_givingUp.IsCancellationRequested)
            {
                return (false, false, "error: the relay is shutting down");
            }

            using var timeout = new CancellationTokenSource(options.ProgramTimeout, time);
            using var late = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _givingUp.Token);
            _process ??= Start();
            Stream input = _process.StandardInput.BaseStream;
            await input.WriteAsync(Question(job), late.Token).ConfigureAwait(false);
            await input.FlushAsync(late.Token).ConfigureAwait(false);
            string? line = await ReadLineAsync(_process.StandardOutput, late.Token).ConfigureAwait(false);
            return line is null
                ? Broken("ended, or said too much", null)
                : Read(line, job.Event.Id);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or Win32Exception
            or InvalidOperationException)
        {
            return Broken("failed or was late", e);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Waits for the program no longer: what is asked, and what will be, is refused.</summary>
    public void GiveUp() => _givingUp.Cancel();

    public void Dispose()
    {
        Stop();
        _turn.Dispose();
        _givingUp.Dispose();
    }

    /// <summary>Reads to the end of a line, which is no longer than an answer may be.</summary>
    /// <returns>Null when the program ended, or said more.</returns>
    private async ValueTask<string?> ReadLineAsync(StreamReader output, CancellationToken cancellation)
    {
        int seen = 0;
        while (true)
        {
            int end = _said.AsSpan(seen, _saidCount - seen).IndexOf('\n');
            if (end >= 0)
            {
                string line = new(_said, 0, seen + end);
                int rest = seen + end + 1;
                Array.Copy(_said, rest, _said, 0, _saidCount - rest);
                _saidCount -= rest;
                return line;
            }

            seen = _saidCount;
            int read = seen == _said.Length
                ? 0
                : await output.ReadAsync(_said.AsMemory(seen), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return null;
            }

            _saidCount += read;
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(options.Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (string argument in options.ProgramArguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("the policy program did not start");
    }

    private void Stop()
    {
        Process? process = Interlocked.Exchange(ref _process, null);
        _saidCount = 0;
        if (process is null)
        {
            return;
        }

        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        process.Dispose();
    }

    private (bool, bool, string) Read(string line, string id)
    {
        try
        {
            using var answer = JsonDocument.Parse(line);
            JsonElement root = answer.RootElement;
            // One without an id could be a second answer to the question before.
            if (root.GetProperty("id").GetString() != id)
            {
                return Broken("answered about another event", null);
            }

            string text = root.TryGetProperty("msg", out JsonElement said) ? said.GetString() ?? "" : "";
            return root.GetProperty("action").GetString() switch
            {
                "accept" => (true, false, ""),
                "reject" => (false, false, text.Length > 0 ? WithPrefix(text) : "blocked: refused by policy"),
                "shadowReject" => (false, true, ""),
                _ => Broken("answered neither accept, reject nor shadowReject", null),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return Broken("answered something that is not a decision", e);
        }
    }

    private (bool, bool, string) Broken(string what, Exception? cause)
    {
        log.LogWarning(cause, "the policy program {What}; it is started anew", what);
        Stop();
        return (false, false, "error: the relay cannot decide about events now");
    }

    private static string WithPrefix(string text) => text.Contains(": ", StringComparison.Ordinal) ? text : $"blocked: {text}";

    private byte[] Question(in IntakeJob job)
    {
        var line = new ArrayBufferWriter<byte>();
        line.Write("{\"type\":\"new\",\"event\":"u8);
        EventJson.Write(job.Event.View, line);
        using (var json = new Utf8JsonWriter(line))
        {
            // The writer adds an object of its own; its opening brace becomes the comma.
            int at = line.WrittenCount;
            json.WriteStartObject();
            json.WriteNumber("receivedAt"u8, time.GetUtcNow().ToUnixTimeSeconds());
            json.WriteString(
                "sourceType"u8,
                job.Connection.Client.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "IP6" : "IP4");
            json.WriteString("sourceInfo"u8, job.Connection.Client.Address.ToString());
            json.WriteEndObject();
            json.Flush();
            byte[] whole = [.. line.WrittenSpan, (byte)'\n'];
            whole[at] = (byte)',';
            return whole;
        }
    }
}
