using System.Net;
using System.Text.Json;
using Mortise.Files;
using Mortise.Host.Files;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Keeps what managers decide, in force at once and on disk before the answer.</summary>
/// <remarks>Threads: any; changes one at a time, readers wait for nobody. The file is replaced as a whole, so a crash
/// leaves the old state or the new one.</remarks>
internal sealed class ManagedLists : IAdmissionRule
{
    private const int MaxBytes = 16 << 20;

    private readonly Lock _gate = new();
    private readonly PosixDirectory? _folder;
    private readonly string _name;
    private volatile ManagedState _state = new();

    /// <summary>Reads what was decided before.</summary>
    /// <param name="path">The file; empty to keep nothing.</param>
    /// <exception cref="StorageException">The file is not what this class writes.</exception>
    public ManagedLists(string path)
    {
        _name = Path.GetFileName(path);
        if (path.Length == 0)
        {
            return;
        }

        _folder = PosixDirectory.OpenRoot(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (_folder.Exists(_name))
        {
            _state = Read(_folder, _name);
        }
    }

    /// <summary>What is in force.</summary>
    public ManagedState State => _state;

    public bool IsBlocked(IPAddress address) =>
        _state.BlockedAddresses.Count > 0 && _state.BlockedAddresses.ContainsKey(address.ToString());

    /// <summary>Changes what is in force.</summary>
    public void Change(Func<ManagedState, ManagedState> change)
    {
        lock (_gate)
        {
            ManagedState changed = change(_state);
            if (_folder is not null)
            {
                Write(_folder, _name, JsonSerializer.SerializeToUtf8Bytes(changed));
            }

            _state = changed;
        }
    }

    /// <inheritdoc/>
    public string? FindRefusal(in EventView @event, in AdmissionSource source)
    {
        ManagedState state = _state;
        if (state.IsEmpty)
        {
            return null;
        }

        if (state.AllowedKinds.Count > 0 && !state.AllowedKinds.Contains(@event.Kind))
        {
            return $"blocked: kind {@event.Kind} is not taken here";
        }

        string author = Convert.ToHexStringLower(@event.PublicKey);
        return state.BannedKeys.ContainsKey(author) || (state.AllowedKeys.Count > 0 && !state.AllowedKeys.ContainsKey(author))
                ? "blocked: events of this author are not taken here"
            : state.BannedEvents.ContainsKey(Convert.ToHexStringLower(@event.Id)) ? "blocked: this event is not taken here"
            : null;
    }

    private static ManagedState Read(PosixDirectory folder, string name)
    {
        using IStorageFile file = folder.Open(name, FileIntent.Read);
        if (file.Length > MaxBytes)
        {
            throw Wrong($"{file.Length} bytes", null);
        }

        byte[] bytes = new byte[file.Length];
        int length = file.Read(bytes, 0);
        try
        {
            return JsonSerializer.Deserialize<ManagedState>(bytes.AsSpan(0, length)) ?? throw Wrong("null", null);
        }
        catch (JsonException e)
        {
            throw Wrong(e.Message, e);
        }

        StorageException Wrong(string fact, Exception? cause) => new(
            StorageErrorCode.Corrupt,
            $"{name} does not hold what managers decided: {fact}",
            advice: "restore it from a copy, or remove it to begin anew",
            inner: cause);
    }

    private static void Write(PosixDirectory folder, string name, byte[] bytes)
    {
        string temporary = name + ".new";
        if (folder.Exists(temporary))
        {
            folder.Delete(temporary);
        }

        using (IStorageFile file = folder.Open(temporary, FileIntent.CreateNew))
        {
            file.Write(bytes, 0);
            file.Sync(SyncKind.Full);
        }

        folder.Rename(temporary, name);
        folder.Sync();
    }
}
