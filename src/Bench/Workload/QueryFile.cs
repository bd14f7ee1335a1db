using System.Buffers.Binary;

namespace Mortise.Bench.Workload;

/// <summary>The queries of a workload.</summary>
public static class QueryFile
{
    /// <summary>The file's name within a workload's folder.</summary>
    public const string FileName = "queries.bin";

    /// <summary>Reads all sections.</summary>
    /// <param name="folder">Where <see cref="FileName"/> is.</param>
    /// <param name="most">Keeps the first so many queries of each section; null for all.</param>
    /// <exception cref="InvalidDataException">Not such a file, or it ends too early.</exception>
    public static IReadOnlyList<QuerySection> Read(string folder, int? most = null)
    {
        string path = Path.Combine(folder, FileName);
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        if (bytes.Length < WorkloadFormat.QueryHeaderBytes || !bytes.StartsWith(WorkloadFormat.QueriesMagic))
        {
            throw new InvalidDataException($"'{path}' is no file of workload queries");
        }

        uint sections = BinaryPrimitives.ReadUInt32LittleEndian(bytes[WorkloadFormat.QueriesMagic.Length..]);
        bytes = bytes[WorkloadFormat.QueryHeaderBytes..];
        var read = new List<QuerySection>();
        for (uint i = 0; i < sections; i++)
        {
            if (bytes.Length < WorkloadFormat.SectionHeaderBytes)
            {
                throw new InvalidDataException($"'{path}' ends before section {i}");
            }

            var shape = (QueryShape)BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            uint entryBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            uint limit = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
            bytes = bytes[WorkloadFormat.SectionHeaderBytes..];
            long length = (long)count * entryBytes;
            if (length > bytes.Length || !Enum.IsDefined(shape) || entryBytes < LeastBytes(shape))
            {
                throw new InvalidDataException(
                    $"'{path}', section {i}: shape {shape}, {count} entries of {entryBytes} bytes in {bytes.Length}");
            }

            int kept = (int)Math.Min(count, most ?? int.MaxValue);
            read.Add(QuerySection.Make(shape, bytes[..(kept * (int)entryBytes)], kept, (int)limit));
            bytes = bytes[(int)length..];
        }

        return read;
    }

    private static int LeastBytes(QueryShape shape) => shape switch
    {
        QueryShape.Kind => 24,
        QueryShape.Tag => 8 + WorkloadFormat.KeyBytes,
        _ => WorkloadFormat.KeyBytes,
    };
}
