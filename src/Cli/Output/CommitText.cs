using System.Globalization;
using System.Text.Json;
using Mortise.Engine;
using Mortise.Logging;
using Mortise.Nostr;
using Mortise.Records;

namespace Mortise.Cli.Output;

/// <summary>Writes the records of a log as the commits they are, with the events in them.</summary>
internal static class CommitText
{
    /// <summary>Writes one record for a person.</summary>
    public static void Write(
        in LogDumpRecord record, ReadOnlySpan<byte> payload, CommitReader reader, bool hex, OutputWriter output)
    {
        string head = string.Create(
            CultureInfo.InvariantCulture, $"{record.Lsn}  {record.File}+{record.Offset}");
        if (payload.IsEmpty)
        {
            output.Line($"{head}  {Words.OneWord(record.State.ToString())}: {record.Note}");
            return;
        }

        CommitSummary? commit = TryRead(reader, record.Lsn, payload, out ReadOnlySpan<byte> bodies, out string? fact);
        string state = record.State == LogDumpState.Whole ? "" : $"  {Words.OneWord(record.State.ToString())}";
        output.Line(commit is null
            ? $"{head}  {Time(record.Time)}  {payload.Length} bytes{state}  not a commit: {fact}"
            : $"{head}  {Time(commit.Time)}  {payload.Length} bytes{state}  {commit.Operations.Count} operations");
        if (commit?.Dropped is { } range)
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"    drop   {range.First} to {range.Last}"));
        }

        foreach (RecordMutation operation in commit?.Operations ?? [])
        {
            WriteOperation(operation, bodies, output);
        }

        if (hex)
        {
            output.Write("    ");
            for (int at = 0; at < payload.Length; at += 1024)
            {
                output.WriteHex(payload[at..Math.Min(payload.Length, at + 1024)]);
            }

            output.EndLine();
        }
    }

    /// <summary>Writes one record as a JSON object on a line of its own.</summary>
    public static void WriteJson(
        in LogDumpRecord record, ReadOnlySpan<byte> payload, CommitReader reader, bool hex, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("lsn", record.Lsn.Value);
            json.WriteString("state", Words.OneWord(record.State.ToString()));
            json.WriteString("file", record.File);
            json.WriteNumber("offset", record.Offset);
            json.WriteNumber("bytes", record.PayloadBytes);
            if (record.Note.Length > 0)
            {
                json.WriteString("note", record.Note);
            }

            if (!payload.IsEmpty)
            {
                json.WriteString("appended", Time(record.Time));
                WriteCommit(json, record.Lsn, payload, reader);
                if (hex)
                {
                    json.WriteString("hex", Convert.ToHexStringLower(payload));
                }
            }

            json.WriteEndObject();
        }

        output.EndLine();
    }

    private static void WriteOperation(RecordMutation operation, ReadOnlySpan<byte> bodies, OutputWriter output)
    {
        if (operation.Operation == RecordOperation.Delete)
        {
            output.Line($"    delete {operation.Location}");
            return;
        }

        output.Write($"    put    {operation.Location}  {operation.Length} bytes");
        if (operation.Offset < 0)
        {
            output.Write("  not in the records");
        }
        else if (EventView.TryOpen(bodies.Slice(operation.Offset, operation.Length), out EventView view))
        {
            output.Write($"  kind {view.Kind}  ");
            output.WriteHex(view.Id);
        }
        else
        {
            output.Write("  not an event");
        }

        output.EndLine();
    }

    private static void WriteCommit(Utf8JsonWriter json, Lsn lsn, ReadOnlySpan<byte> payload, CommitReader reader)
    {
        CommitSummary? commit = TryRead(reader, lsn, payload, out ReadOnlySpan<byte> bodies, out string? fact);
        if (commit is null)
        {
            json.WriteString("note", $"not a commit: {fact}");
            return;
        }

        json.WriteString("time", Time(commit.Time));
        if (commit.Dropped is { } range)
        {
            json.WriteStartObject("dropped");
            json.WriteNumber("first", range.First);
            json.WriteNumber("last", range.Last);
            json.WriteEndObject();
        }

        json.WriteStartArray("operations");
        foreach (RecordMutation operation in commit.Operations)
        {
            json.WriteStartObject();
            json.WriteString("kind", Words.OneWord(operation.Operation.ToString()));
            json.WriteString("location", operation.Location.ToString());
            if (operation.Operation == RecordOperation.Put)
            {
                json.WriteNumber("bytes", operation.Length);
                if (operation.Offset < 0)
                {
                    json.WriteString("note", "not in the records");
                }
                else
                {
                    WriteEvent(json, bodies.Slice(operation.Offset, operation.Length));
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEvent(Utf8JsonWriter json, ReadOnlySpan<byte> record)
    {
        if (EventView.TryOpen(record, out EventView view))
        {
            json.WriteString("id", Convert.ToHexStringLower(view.Id));
            json.WriteNumber("eventKind", view.Kind);
        }
    }

    private static CommitSummary? TryRead(
        CommitReader reader, Lsn lsn, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> bodies, out string? fact)
    {
        bodies = default;
        try
        {
            fact = null;
            return reader.Read(lsn, payload, out bodies);
        }
        catch (StorageException e)
        {
            fact = e.Message;
            return null;
        }
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
