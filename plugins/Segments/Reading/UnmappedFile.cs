using Mortise.Files;

namespace Mortise.Segments;

/// <summary>A segment's file on a device that cannot map it: held open while it is written to, and otherwise opened for each
/// read, so that many segments need few descriptors.</summary>
/// <remarks>Threads: any, without waiting.</remarks>
/// <param name="file">The open file, or null.</param>
/// <param name="open">Opens it for reading; null when <paramref name="file"/> outlives all reads.</param>
internal sealed class UnmappedFile(IStorageFile? file, Func<IStorageFile>? open)
{
    private IStorageFile? _file = file;

    public long Length
    {
        get
        {
            using IStorageFile? opened = Open(out IStorageFile file);
            return file.Length;
        }
    }

    public int Read(Span<byte> to, long offset)
    {
        using IStorageFile? opened = Open(out IStorageFile file);
        return file.Read(to, offset);
    }

    /// <summary>Holds the file open from now on: its name is about to go.</summary>
    public void Hold() => Volatile.Write(ref _file, _file ?? open!());

    /// <summary>Holds the file no more; whoever opened it closes it once no reader can be using it.</summary>
    public void LetGo()
    {
        if (open is not null)
        {
            Volatile.Write(ref _file, null);
        }
    }

    /// <summary>Closes the file if it is held, once no reader can use it.</summary>
    public void Close() => _file?.Dispose();

    /// <summary>The file that is held, or a new handle.</summary>
    /// <param name="held">Where the held file is; set before the file's name goes.</param>
    /// <param name="open">Opens it by name.</param>
    /// <param name="file">The file to read.</param>
    /// <returns>What the caller has to close; null when the file is held.</returns>
    public static IStorageFile? Open(ref IStorageFile? held, Func<IStorageFile>? open, out IStorageFile file)
    {
        if (Volatile.Read(ref held) is { } found)
        {
            file = found;
            return null;
        }

        try
        {
            return file = open!();
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.NotFound && Volatile.Read(ref held) is not null)
        {
            // The name went between the two looks, and the file was held before that.
            file = Volatile.Read(ref held)!;
            return null;
        }
    }

    private IStorageFile? Open(out IStorageFile file) => Open(ref _file, open, out file);
}
