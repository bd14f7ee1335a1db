using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Mortise.Nostr.Tests.Json;

public sealed class RealEventTests
{
    [SharedDataFact]
    public void Every_real_event_keeps_its_bytes_and_its_id()
    {
        var output = new ArrayBufferWriter<byte>();
        int lines = 0;
        foreach (byte[] line in SharedData.Lines(SharedData.Events))
        {
            lines++;
            Assert.True(EventJson.TryParse(line, out NostrEvent? parsed, out EventProblem problem),
                $"line {lines}: {problem}");
            Assert.True(EventId.IsRight(parsed.View), $"line {lines}: another id");
            Assert.True(EventView.TryOpen(parsed.Record.Span, out EventView view, out string? fact),
                $"line {lines}: {fact}");
            output.ResetWrittenCount();
            EventJson.Write(view, output);
            Assert.True(output.WrittenSpan.SequenceEqual(line), $"line {lines}: other bytes");
        }

        Assert.Equal(15_519, lines);
    }

    [SharedDataFact]
    public void Every_real_event_survives_other_spellings_of_its_json()
    {
        int lines = 0;
        foreach (byte[] line in SharedData.Lines(SharedData.Events).Where((_, i) => i % 10 == 0))
        {
            // The built-in writer escapes whatever it can, and we turn the fields round and add one.
            using JsonDocument document = JsonDocument.Parse(line);
            var other = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(other, new JsonWriterOptions { Indented = true }))
            {
                writer.WriteStartObject();
                writer.WriteStartObject("seen_on");
                writer.WriteStartArray("relays");
                writer.WriteNumberValue(-1.5e-7);
                writer.WriteNullValue();
                writer.WriteEndArray();
                writer.WriteEndObject();
                foreach (JsonProperty property in document.RootElement.EnumerateObject().Reverse())
                {
                    property.WriteTo(writer);
                }

                writer.WriteEndObject();
            }

            Assert.True(EventJson.TryParse(line, out NostrEvent? plain, out _));
            Assert.True(EventJson.TryParse(other.WrittenSpan, out NostrEvent? parsed, out EventProblem problem),
                problem.ToString());
            Assert.True(plain.Record.Span.SequenceEqual(parsed.Record.Span), plain.Id);
            lines++;
        }

        Assert.Equal(1_552, lines);
    }

    [NativeAndSharedDataFact]
    public void Every_real_signature_verifies()
    {
        var verifier = new EventVerifier(Schnorr.Native!);
        foreach (byte[] line in SharedData.Lines(SharedData.Events))
        {
            Assert.True(EventJson.TryParse(line, out NostrEvent? parsed, out _));
            Assert.True(verifier.Verify(parsed.View) == VerifyResult.Ok, parsed.Id);
        }
    }

    [SharedDataFact]
    public void The_managed_verifier_agrees_on_a_sample_of_real_signatures()
    {
        var verifier = new EventVerifier(Schnorr.Managed);
        foreach (byte[] line in SharedData.Lines(SharedData.Events).Where((_, i) => i % 50 == 0))
        {
            Assert.True(EventJson.TryParse(line, out NostrEvent? parsed, out _));
            Assert.True(verifier.Verify(parsed.View) == VerifyResult.Ok, parsed.Id);
        }
    }

    [SharedDataFact]
    public void Every_negative_is_refused_for_its_reason()
    {
        int refused = 0;
        var wrong = new List<string>();
        foreach (byte[] line in SharedData.Lines(SharedData.Negatives))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string reason = document.RootElement.GetProperty("reason").GetString()!;
            byte[] json = Encoding.UTF8.GetBytes(document.RootElement.GetProperty("event").GetRawText());
            string found = EventJson.TryParse(json, out NostrEvent? parsed, out EventProblem problem)
                ? EventVerifier.Default.Verify(parsed.View).ToString()
                : problem.Reason.ToString();
            if (found == Expected(reason))
            {
                refused++;
            }
            else
            {
                wrong.Add($"{reason}: {found} ({problem}) "
                    + $"{Encoding.UTF8.GetString(json.AsSpan(..Math.Min(json.Length, 300)))}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(354, refused);
    }

    private static string Expected(string reason) => reason switch
    {
        "sig_invalid" => nameof(VerifyResult.BadSignature),
        "id_mismatch" => nameof(VerifyResult.BadId),
        "missing_tags" => nameof(RejectReason.MissingField),

        // The one event of this class also has an empty sig, and that comes first.
        "missing_content" => nameof(RejectReason.BadSig),
        "bad_id_hex" => nameof(RejectReason.BadId),
        "bad_pubkey_hex" => nameof(RejectReason.BadPubKey),
        "bad_sig_hex" => nameof(RejectReason.BadSig),
        "tags_not_array_of_arrays" or "tag_element_not_string" => nameof(RejectReason.BadTags),
        "created_at_not_int" => nameof(RejectReason.BadCreatedAt),
        "kind_not_int" => nameof(RejectReason.BadKind),
        _ => "a reason that this test does not know",
    };
}

/// <summary>Needs both the real events and libsecp256k1.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NativeAndSharedDataFactAttribute : FactAttribute
{
    public NativeAndSharedDataFactAttribute() =>
        Skip = new SharedDataFactAttribute().Skip ?? new NativeSchnorrFactAttribute().Skip;
}
