using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mortise.Indexing;

namespace Mortise.Search.Words;

/// <summary>Cuts texts into words: runs of letters and digits in lower case, the first <see cref="MaxTermBytes"/> bytes
/// of each.</summary>
/// <remarks>What is no letter or digit, and what is no UTF-8, stands between words. <c>key:value</c> parts of a search
/// are left out: they are extensions that this index does not have. Immutable; any thread.</remarks>
public sealed class WordsProjection : ITermProjection
{
    // Raised when the same options give other words.
    private const int Revision = 1;

    private readonly byte[][] _fields;
    private readonly HashSet<int> _exceptKinds;
    private readonly int _minCharacters;
    private readonly int _maxWords;

    /// <summary>Makes a projection.</summary>
    public WordsProjection(WordsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _fields = [.. options.Fields.Select(Encoding.UTF8.GetBytes)];
        _exceptKinds = [.. options.ExceptKinds];
        _minCharacters = options.MinCharacters;
        _maxWords = options.MaxWords;
        FormatVersion = VersionOf(options);
    }

    /// <inheritdoc/>
    public int FormatVersion { get; }

    /// <inheritdoc/>
    public int MaxTermBytes => 64;

    /// <inheritdoc/>
    public void Project<TRecord>(in TRecord record, ITermSink sink)
        where TRecord : IRecordFields, allows ref struct
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (record.TryGet("kind"u8, 0, out ReadOnlySpan<byte> kind)
            && kind.Length == sizeof(ushort)
            && _exceptKinds.Contains(BinaryPrimitives.ReadUInt16BigEndian(kind)))
        {
            return;
        }

        int left = _maxWords;
        foreach (byte[] field in _fields)
        {
            if (record.TryGet(field, 0, out ReadOnlySpan<byte> text))
            {
                EmitWords(text, ref left, sink);
            }
        }
    }

    /// <inheritdoc/>
    public void Parse(ReadOnlySpan<byte> search, ITermSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        int left = int.MaxValue;
        while (!search.IsEmpty)
        {
            int end = search.IndexOfAny((byte)' ', (byte)'\t', (byte)'\n');
            ReadOnlySpan<byte> part = end < 0 ? search : search[..end];
            search = end < 0 ? default : search[(end + 1)..];
            if (!part.Contains((byte)':'))
            {
                EmitWords(part, ref left, sink);
            }
        }
    }

    /// <summary>Emits the words of a text.</summary>
    /// <param name="text">UTF-8, or anything.</param>
    /// <param name="left">How many more may be emitted; counted down.</param>
    /// <param name="sink">Receives the words.</param>
    private void EmitWords(ReadOnlySpan<byte> text, ref int left, ITermSink sink)
    {
        Span<byte> word = stackalloc byte[MaxTermBytes];
        int length = 0;
        int characters = 0;
        bool isFull = false;
        while (left > 0)
        {
            OperationStatus status = Rune.DecodeFromUtf8(text, out Rune rune, out int read);
            if (status == OperationStatus.Done && Rune.IsLetterOrDigit(rune))
            {
                Rune lower = Rune.ToLowerInvariant(rune);
                isFull |= length + lower.Utf8SequenceLength > word.Length;
                length += isFull ? 0 : lower.EncodeToUtf8(word[length..]);
                characters++;
            }
            else
            {
                if (characters >= _minCharacters)
                {
                    sink.Emit(word[..length]);
                    left--;
                }

                (length, characters, isFull) = (0, 0, false);
                if (text.IsEmpty)
                {
                    return;
                }
            }

            text = text[read..];
        }
    }

    /// <summary>A number that differs, but for one chance in two billion, where any record's words may.</summary>
    private static int VersionOf(WordsOptions options)
    {
        // What a letter is, and its lower case, are the runtime's to say, and may change with its major version.
        string all = string.Join(
            '\n',
            [
                Revision, Environment.Version.Major, options.MinCharacters, options.MaxWords,
                .. options.ExceptKinds.Order(), .. options.Fields,
            ]);
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(all));
        return BinaryPrimitives.ReadInt32BigEndian(hash) & int.MaxValue;
    }
}
