using Mortise.Components;
using Mortise.Files;

namespace Mortise.Engine;

/// <summary>Keeps a family that fails from failing the store, where its part allows that.</summary>
/// <remarks>
/// A family that throws while a commit is applied to it is out of force from that commit on: readers never see it half
/// changed, and the next checkpoint's manifest does not list it, so that whatever happens next it is built from the
/// records before it is used again. Threads: <see cref="Contains"/>, <see cref="IsAside"/> and <see cref="SetAside"/> on the
/// writer; the rest runs beside it.
/// </remarks>
internal sealed class FamilyFaults(
    OpenedParts parts, VersionHolder versions, Checkpointer checkpointer, CancellationToken closed)
{
    /// <summary>How often a family is built anew in the life of an open store.</summary>
    public const int MaxRestarts = 3;

    private readonly IComponentLog _log = parts.Composition.Logs("engine");
    private readonly Dictionary<FamilyState, Exception> _failed = [];
    private readonly Dictionary<string, int> _restarts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aside = new(StringComparer.Ordinal);

    private Task _recovering = Task.CompletedTask;

    /// <summary>Builds a family and puts it in force; set once the engine can.</summary>
    public Func<FamilyPart, Task> Rebuild { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Runs on the writer, between two groups; set once the engine can.</summary>
    public Func<Func<ValueTask>, ValueTask> OnWriter { get; set; } = static work => work();

    /// <summary>Families that are out of force now, with the reason.</summary>
    public IReadOnlyList<(string Family, string Reason)> Aside
    {
        get
        {
            lock (_aside)
            {
                return [.. _aside.Select(static a => (a.Key, a.Value))];
            }
        }
    }

    /// <summary>True when the failure stays within the family: it is out of force at the end of the group.</summary>
    public bool Contains(FamilyState family, Exception failure)
    {
        if (family.Part.OnFault == FaultPolicy.Stop || failure is OutOfMemoryException)
        {
            return false;
        }

        _failed.TryAdd(family, failure);
        return true;
    }

    /// <summary>True for a family that has failed in this group.</summary>
    public bool IsAside(FamilyState family) => _failed.Count > 0 && _failed.ContainsKey(family);

    /// <summary>Takes what has failed in this group out of force, before the group is published.</summary>
    public void SetAside()
    {
        if (_failed.Count == 0)
        {
            return;
        }

        parts.ReplaceFamilies([.. parts.Families.Where(f => !_failed.ContainsKey(f))]);
        checkpointer.MarkStale();
        foreach ((FamilyState family, Exception failure) in _failed)
        {
            Exception blamed = parts.Composition.Blame(failure) ?? failure;
            string name = family.Part.Name;
            bool restarts = family.Part.OnFault == FaultPolicy.Restart
                && _restarts.GetValueOrDefault(name) < MaxRestarts;
            _restarts[name] = _restarts.GetValueOrDefault(name) + 1;
            parts.KeepDirectory(family.DirectoryName);
            Tell(
                name,
                blamed,
                $"index family {name} failed and is set aside; " + (restarts
                    ? "it is being built anew"
                    : "reopening the store builds it anew"));
            _recovering = Task.WhenAll(_recovering, Task.Run(() => RecoverAsync(family, restarts), CancellationToken.None));
        }

        _failed.Clear();
    }

    /// <summary>A family failed while the store was opened, and is not in force.</summary>
    public void FailedOpening(string family, StorageException cause) => Tell(
        family, cause.InnerException ?? cause, $"index family {family} failed while the store was opened, and is set aside until it is opened again");

    /// <summary>A family of that name is in force again.</summary>
    public void Returned(string family)
    {
        lock (_aside)
        {
            _aside.Remove(family);
        }
    }

    /// <summary>Waits until what was set aside is built anew or given up, and closed; on the way to closing the store.
    /// </summary>
    public async Task DrainAsync()
    {
        Task recovering = Task.CompletedTask;
        await OnWriter(() =>
        {
            recovering = _recovering;
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        await recovering.ConfigureAwait(false);
    }

    private void Tell(string family, Exception cause, string text)
    {
        lock (_aside)
        {
            _aside[family] = cause.Message;
        }

        _log.Write(ComponentLogLevel.Error, text, cause);
        parts.Observer.Tell((family, cause), static (listener, f) => listener.OnFamilySetAside(f.family, f.cause));
    }

    private async Task RecoverAsync(FamilyState family, bool restarts)
    {
        try
        {
            if (restarts)
            {
                await Rebuild(family.Part).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The store is being closed; the next open builds it.
        }
        catch (Exception e)
        {
            _log.Write(
                ComponentLogLevel.Error, $"index family {family.Part.Name} stays aside: it could not be built anew", e);
        }

        await RetireAsync(family).ConfigureAwait(false);
    }

    private async Task RetireAsync(FamilyState family)
    {
        try
        {
            await versions.WhenOnlyTheCurrentIsOpen().WaitAsync(closed)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await OnWriter(family.DisposeAsync).ConfigureAwait(false);
            if (!closed.IsCancellationRequested)
            {
                IStorageDirectory indexes = parts.Composition.Root.OpenDirectory(OpenedParts.IndexesDirectory);
                indexes.DeleteDirectory(family.DirectoryName);
            }
        }
        catch (Exception e)
        {
            // It failed before; what it leaves is deleted by the next checkpoint or open.
            _log.Write(ComponentLogLevel.Warning, $"index family {family.Part.Name} could not be put away", e);
        }
        finally
        {
            parts.ForgetDirectory(family.DirectoryName);
        }
    }
}
