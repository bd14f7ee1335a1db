using System.Buffers.Binary;

namespace Mortise.Conformance;

/// <summary>What a script did to a log and what the log promised.</summary>
internal sealed class LogJournal
{
    /// <summary>Payload sizes by LSN; the last may be of an append that never answered.</summary>
    public SortedDictionary<ulong, int> Sizes { get; } = [];

    /// <summary>The newest LSN that an append returned or a restart made the last.</summary>
    public ulong Last { get; set; }

    /// <summary>Everything up to here was promised to be durable.</summary>
    public ulong Synced { get; set; }

    /// <summary>Records before this may be gone.</summary>
    public ulong KeepFrom { get; set; } = 1;

    /// <summary>The restart that was asked for and has not answered; 0 for none.</summary>
    public ulong Restarting { get; set; }

    /// <summary>The payload of a record: it tells its LSN, and no two are alike.</summary>
    public static byte[] Payload(ulong lsn, int size)
    {
        byte[] payload = new byte[size];
        Seeds.Generator(lsn, (ulong)size).NextBytes(payload);
        if (size >= 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(payload, lsn);
        }

        return payload;
    }

    public byte[] PayloadOf(ulong lsn) => Payload(lsn, Sizes[lsn]);
}
