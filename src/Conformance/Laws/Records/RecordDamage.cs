namespace Mortise.Conformance;

/// <summary>One place of a closed store's files that is not as it was written.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Bytes">How many are overwritten; 0 for one flipped bit, -1 for a file that ends here.</param>
internal readonly record struct RecordDamage(string Path, int Offset, int Bytes)
{
    /// <summary>No record of a damaged store is shorter.</summary>
    public const int ShortestRecord = 60;

    private const int LongestRegion = 300;

    /// <summary>A place by chance, in any file that holds something.</summary>
    public static RecordDamage Choose(SimDisk disk, Random random)
    {
        (string Path, int Length)[] files =
        [
            .. disk.FilePaths().Select(path => (path, Written(disk.ReadAllBytes(path)))).Where(file => file.Item2 > 0),
        ];
        (string path, int length) = files[random.Next(files.Length)];
        int offset = random.Next(length);
        return random.Next(8) switch
        {
            < 3 => new RecordDamage(path, offset, 0),
            < 7 => new RecordDamage(path, offset, random.Next(1, LongestRegion)),
            _ => new RecordDamage(path, offset, -1),
        };
    }

    /// <summary>Does it.</summary>
    /// <returns>False when the bytes are as they were.</returns>
    public bool ApplyTo(SimDisk disk)
    {
        byte[] before = disk.ReadAllBytes(Path);
        byte[] bytes = [.. before];
        if (Bytes < 0)
        {
            bytes = bytes[..Offset];
        }
        else if (Bytes == 0)
        {
            bytes[Offset] ^= (byte)(1 << (Offset % 8));
        }
        else
        {
            bytes.AsSpan(Offset, Math.Min(Bytes, bytes.Length - Offset)).Clear();
        }

        disk.Overwrite(Path, bytes);
        return !bytes.AsSpan().SequenceEqual(before);
    }

    /// <summary>Requires that it cost what it touched: as many records as its bytes can overlap, and the frames around
    /// them. Of a store that does not keep bodies as they were put, in blocks that it compresses for example, only that
    /// what is lost are neighbours.</summary>
    /// <param name="lost">Locations that cannot be read.</param>
    /// <param name="readable">Locations that can.</param>
    /// <param name="isPlain">What <see cref="IsPlain"/> said of the sound store.</param>
    public void RequireCost(IReadOnlyCollection<ulong> lost, IEnumerable<ulong> readable, bool isPlain)
    {
        if (lost.Count == 0 || Bytes < 0)
        {
            return;
        }

        int most = isPlain ? 2 + (Bytes / ShortestRecord) : int.MaxValue;
        LawRun.Require(lost.Count <= most, $"{this}: {lost.Count} records are lost, it touches {most} at most");
        ulong first = lost.Min();
        ulong last = lost.Max();
        LawRun.Require(
            !readable.Any(location => location > first && location < last),
            $"{this}: records at {first:x} and {last:x} are lost, and one between them is not");
    }

    /// <summary>True when every body stands somewhere in the files as it was put.</summary>
    public static bool IsPlain(SimDisk disk, IEnumerable<KnownRecord> records)
    {
        byte[][] files = [.. disk.FilePaths().Select(disk.ReadAllBytes)];
        return records.All(record => Array.Exists(files, bytes => bytes.AsSpan().IndexOf(record.Body) >= 0));
    }

    /// <inheritdoc/>
    public override string ToString() => Bytes switch
    {
        < 0 => $"{Path} cut at {Offset}",
        0 => $"a bit of byte {Offset} of {Path} flipped",
        _ => $"{Bytes} bytes at {Offset} of {Path} zeroed",
    };

    /// <summary>Files may be made longer than what is in them.</summary>
    private static int Written(byte[] bytes) => Array.FindLastIndex(bytes, static b => b != 0) + 1;
}
