using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text;

namespace Mortise.Host.Loading;

/// <summary>Says which code of which plugin is running, in a file that outlives the process.</summary>
/// <remarks>
/// <para>The file is mapped: a mark is two additions in memory and no call of the system, and what was marked when the
/// process ended is what the file says afterwards, however it ended. It is locked while its process lives.</para>
/// <para>Layout, little-endian: 64 bytes of head (u32 magic <c>MFLT</c>, u32 version 1, zeros), then places of 512
/// bytes: 16 i32, how many calls of each <see cref="FlightPhase"/> are running; u16 length of the text; the text,
/// UTF-8: hash of the plugin's files, plugin, instance, with line feeds between. A length of 0 is a free place.</para>
/// <para>Threads: any.</para>
/// </remarks>
internal sealed unsafe class FlightRecorder
{
    public const int Places = 512;
    public const int PlaceBytes = 512;
    public const int HeadBytes = 64;
    public const int Phases = 16;

    private const uint Magic = 0x544C464D;
    private const uint Version = 1;
    private const int TextOffset = (Phases * sizeof(int)) + sizeof(ushort);
    private const int MaxTextBytes = PlaceBytes - TextOffset;

    private readonly FileStream _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly Lock _gate = new();
    private readonly bool[] _taken = new bool[Places];

    private FlightRecorder(FileStream file)
    {
        _file = file;
        _map = MemoryMappedFile.CreateFromFile(
            file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor();
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DeleteUnlessRunning();
    }

    /// <summary>Makes the file of this process; it stays open as long as the process lives.</summary>
    /// <param name="path">A name that nobody else has.</param>
    public static FlightRecorder Create(string path)
    {
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1);
        try
        {
            // Written and not only as long: a page of a hole that the device has no room for ends the process.
            byte[] bytes = new byte[HeadBytes + (Places * PlaceBytes)];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
            file.Write(bytes);
            file.Flush();
            return new FlightRecorder(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes a place for an instance.</summary>
    /// <returns>Null when all are taken: the instance runs unmarked.</returns>
    public Flight? Begin(string sha256, string plugin, string instance)
    {
        byte[] text = Encoding.UTF8.GetBytes($"{sha256}\n{plugin}\n{instance}");
        lock (_gate)
        {
            int place = Array.IndexOf(_taken, false);
            if (place < 0 || text.Length > MaxTextBytes)
            {
                return null;
            }

            _taken[place] = true;
            byte* at = _start + HeadBytes + (place * PlaceBytes);
            text.CopyTo(new Span<byte>(at + TextOffset, MaxTextBytes));
            Volatile.Write(ref *(ushort*)(at + (Phases * sizeof(int))), (ushort)text.Length);
            return new Flight(this, place, (int*)at);
        }
    }

    /// <summary>What was running when the process of a file ended.</summary>
    /// <param name="bytes">The file: anything.</param>
    public static IEnumerable<(string Sha256, string Plugin, string Instance, FlightPhase Phase)> Read(byte[] bytes)
    {
        if (bytes.Length < HeadBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)) != Version)
        {
            yield break;
        }

        for (int at = HeadBytes; at + PlaceBytes <= bytes.Length; at += PlaceBytes)
        {
            int length = Math.Min(
                (int)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at + (Phases * sizeof(int)))), MaxTextBytes);
            string[] words = Encoding.UTF8.GetString(bytes, at + TextOffset, length).Split('\n');
            if (words is not [{ Length: 64 } sha256, var plugin, var instance]
                || !sha256.All(char.IsAsciiHexDigitLower))
            {
                continue;
            }

            foreach (FlightPhase phase in Enum.GetValues<FlightPhase>())
            {
                if (BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + ((int)phase * sizeof(int)))) > 0)
                {
                    yield return (sha256, plugin, instance, phase);
                }
            }
        }
    }

    /// <summary>In a process that ends in order nothing is to be told, unless something runs to the last.</summary>
    private void DeleteUnlessRunning()
    {
        byte[] bytes = new Span<byte>(_start, HeadBytes + (Places * PlaceBytes)).ToArray();
        if (Read(bytes).Any())
        {
            return;
        }

        try
        {
            File.Delete(_file.Name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder is gone, or will be looked through by the next process.
        }
    }

    private void Free(int place, int* counts)
    {
        lock (_gate)
        {
            Volatile.Write(ref *(ushort*)(counts + Phases), 0);

            // One that still runs keeps its place, so that it never counts for another.
            _taken[place] = new ReadOnlySpan<int>(counts, Phases).ContainsAnyExcept(0);
        }
    }

    /// <summary>The marks of one instance.</summary>
    internal sealed class Flight(FlightRecorder owner, int place, int* counts)
    {
        /// <summary>Called when a phase has come to its end; null when nobody asks.</summary>
        public Action<FlightPhase>? Survived { get; set; }

        /// <summary>Marks that code is running until the mark is disposed.</summary>
        public Mark Enter(FlightPhase phase)
        {
            Interlocked.Increment(ref counts[(int)phase]);
            return new Mark(this, phase);
        }

        /// <summary>The instance is no more.</summary>
        public void End() => owner.Free(place, counts);

        private void Leave(FlightPhase phase)
        {
            Interlocked.Decrement(ref counts[(int)phase]);
            Survived?.Invoke(phase);
        }

        /// <summary>A mark that is set; the default is none.</summary>
        internal readonly struct Mark(Flight? flight, FlightPhase phase) : IDisposable
        {
            public void Dispose() => flight?.Leave(phase);
        }
    }
}
