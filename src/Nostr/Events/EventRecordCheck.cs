using System.Text.Unicode;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Checks everything in a record that opening it leaves for later.</summary>
internal static class EventRecordCheck
{
    /// <summary>Says what contradicts the format, or null. Never throws.</summary>
    internal static string? FindProblem(EventView view) =>
        FindTagProblem(view.TagBytes, view.TagCount)
        ?? (Utf8.IsValid(view.Content) ? null : "content that is not UTF-8")
        ?? FindExtensionProblem(view.Extensions);

    private static string? FindTagProblem(ReadOnlySpan<byte> section, int tagCount)
    {
        int position = 0;
        for (int tag = 0; tag < tagCount; tag++)
        {
            if (!TryReadVarint(section, ref position, out ulong values) || values > (ulong)(section.Length - position))
            {
                return $"tag {tag}: its count is missing or larger than the section";
            }

            for (int i = 0; i < (int)values; i++)
            {
                if (!TryReadVarint(section, ref position, out ulong head)
                    || head >> 1 > (ulong)(section.Length - position))
                {
                    return $"tag {tag}, value {i}: its length is missing or larger than the section";
                }

                ReadOnlySpan<byte> bytes = section.Slice(position, (int)(head >> 1));
                position += bytes.Length;
                if (FindValueProblem(bytes, isHex: (head & 1) != 0) is { } problem)
                {
                    return $"tag {tag}, value {i}: {problem}";
                }
            }
        }

        return position == section.Length ? null : $"{section.Length - position} bytes after the last tag";
    }

    private static string? FindValueProblem(ReadOnlySpan<byte> bytes, bool isHex)
    {
        if (isHex)
        {
            return 2 * (long)bytes.Length < EventFormat.MinPackedCharacters ? "packed though it is short" : null;
        }

        return TagListWriter.IsPackable(bytes) ? "hexadecimal and not packed"
            : Utf8.IsValid(bytes) ? null
            : "not UTF-8";
    }

    private static string? FindExtensionProblem(ReadOnlySpan<byte> extensions)
    {
        int position = 0;
        ulong previous = EventFormat.MinExtensionType - 1;
        while (position < extensions.Length)
        {
            if (!TryReadVarint(extensions, ref position, out ulong type)
                || !TryReadVarint(extensions, ref position, out ulong length)
                || length > (ulong)(extensions.Length - position))
            {
                return "an extension whose number or length is missing or larger than the record";
            }

            if (type <= previous)
            {
                return $"extension {type} after {previous}";
            }

            previous = type;
            position += (int)length;
        }

        return null;
    }

    private static bool TryReadVarint(ReadOnlySpan<byte> bytes, ref int position, out ulong value)
    {
        int read = Varint.TryRead(bytes[position..], out value);
        position += read;
        return read > 0;
    }
}
