using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Mortise.Components;
using Mortise.Files;
using Mortise.Primitives;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Ways to break any component from below or around, used by mutants of several contracts.</summary>
internal static class Breakages
{
    private enum Cell : byte
    {
        Empty,
    }

    /// <summary>The same component over other files, or with other surroundings.</summary>
    public static ComponentSubject<T> Around<T>(ComponentSubject<T> sound, Func<ComponentContext, ComponentContext> change)
        where T : class, IStorageComponent => new()
        {
            Name = sound.Name,
            Open = (context, cancellation) => sound.Open(change(context), cancellation),
            Examiner = sound.Examiner,
        };

    /// <summary>Signals its work before that has what it works on, as a constructor does that signals in its midst.</summary>
    public static ComponentSubject<T> SignalsTooEarly<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => new()
        {
            Name = sound.Name,
            Open = async (context, cancellation) =>
            {
                T? opened = null;
                IBackgroundWork work = context.Background.Register(
                    "look after it",
                    _ => opened!.Health.Status == HealthStatus.Failed ? StepResult.More : StepResult.Idle);
                work.Signal();
                opened = await sound.Open(context, cancellation);
                return opened;
            },
            Examiner = sound.Examiner,
        };

    public static ComponentContext With(
        this ComponentContext context, IStorageDirectory? files = null, Guid? storeId = null) => new()
        {
            InstanceName = context.InstanceName,
            StoreId = storeId ?? context.StoreId,
            Files = files ?? context.Files,
            Time = context.Time,
            Background = context.Background,
            Seed = context.Seed,
            Log = context.Log,
            Meter = context.Meter,
            Cache = context.Cache,
        };

    private static ComponentSubject<T> Below<T>(ComponentSubject<T> sound, Func<IStorageDirectory, BrokenDirectory> files)
        where T : class, IStorageComponent => Around(sound, context => context.With(files(context.Files)));

    public static ComponentSubject<T> NoFileSync<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner) { OnOpen = (file, _) => new BrokenFile(file) { OnSync = _ => { } } });

    public static ComponentSubject<T> NoSyncOf<T>(ComponentSubject<T> sound, string name)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, opened) => opened == name ? new BrokenFile(file) { OnSync = _ => { } } : file,
        });

    public static ComponentSubject<T> NoDirectorySync<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => Below(sound, inner => new BrokenDirectory(inner) { OnSync = _ => { } });

    public static ComponentSubject<T> DeletesBeforeRename<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnRename = (files, from, to) =>
            {
                if (files.Exists(to))
                {
                    files.Delete(to);
                    files.Sync();
                }

                files.Rename(from, to);
            },
        });

    /// <summary>fsyncgate: a failed sync is taken for done, as a retry would find it.</summary>
    public static ComponentSubject<T> RetriesSync<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, _) => new BrokenFile(file)
            {
                OnSync = synced =>
                {
                    try
                    {
                        synced.Sync(SyncKind.Full);
                    }
                    catch (StorageException)
                    {
                        // The retry that a careless author writes here answers "done".
                    }
                },
            },
        });

    public static ComponentSubject<T> SwallowsWriteErrors<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, _) => new BrokenFile(file)
            {
                OnWrite = (written, bytes, offset) =>
                {
                    try
                    {
                        written.Write(bytes, offset);
                    }
                    catch (StorageException)
                    {
                        // Swallowed.
                    }
                },
            },
        });

    public static ComponentSubject<T> ReadErrorsOfItsOwn<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, _) => new BrokenFile(file)
            {
                OnRead = (from, to, offset) =>
                {
                    try
                    {
                        return from.Read(to, offset);
                    }
                    catch (StorageException failed)
                    {
                        throw new InvalidDataException("could not read", failed);
                    }
                },
            },
        });

    /// <summary>Work of its own that nobody ends.</summary>
    public static ComponentSubject<T> LeavesThread<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => Around(sound, context =>
        {
            new Thread(static () => Thread.Sleep(Timeout.Infinite)) { IsBackground = true, Name = "flusher" }.Start();
            return context;
        });

    /// <summary>Room for a read, which nobody gives back.</summary>
    public static ComponentSubject<T> LeaksRented<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => Reads(sound, static (from, to, offset) =>
        {
            byte[] room = ArrayPool<byte>.Shared.Rent(Math.Max(to.Length, 1));
            int count = from.Read(room.AsSpan(0, to.Length), offset);
            room.AsSpan(0, count).CopyTo(to);
            return count;
        });

    /// <summary>Gives the room for a read back where it fails, and again on the way out. Of a pool that nobody else in the
    /// process uses: two tests would be handed the same array.</summary>
    public static ComponentSubject<T> ReturnsTwice<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => Reads(sound, static (from, to, offset) =>
        {
            Cell[] room = ArrayPool<Cell>.Shared.Rent(Math.Max(to.Length, 1));
            try
            {
                Span<byte> bytes = MemoryMarshal.AsBytes(room.AsSpan(0, to.Length));
                int count = from.Read(bytes, offset);
                bytes[..count].CopyTo(to);
                return count;
            }
            catch (StorageException)
            {
                ArrayPool<Cell>.Shared.Return(room);
                throw;
            }
            finally
            {
                ArrayPool<Cell>.Shared.Return(room);
            }
        });

    private static ComponentSubject<T> Reads<T>(ComponentSubject<T> sound, BrokenFile.Reader read)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner) { OnOpen = (file, _) => new BrokenFile(file) { OnRead = read } });

    /// <summary>Keeps what it wrote last, in an array that it gave back long ago, and reads it from there.</summary>
    public static ComponentSubject<T> UsesReturned<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, _) =>
            {
                byte[] kept = [];
                int length = 0;
                long place = 0;
                return new BrokenFile(file)
                {
                    OnWrite = (to, from, offset) =>
                    {
                        to.Write(from, offset);
                        kept = ArrayPool<byte>.Shared.Rent(from.Length);
                        from.CopyTo(kept);
                        (length, place) = (from.Length, offset);
                        ArrayPool<byte>.Shared.Return(kept);
                    },
                    OnRead = (from, to, offset) =>
                    {
                        int count = from.Read(to, offset);
                        if (length > 0 && offset <= place && place + length <= offset + count)
                        {
                            kept.AsSpan(0, length).CopyTo(to[(int)(place - offset)..]);
                        }

                        return count;
                    },
                };
            },
        });

    /// <summary>All instances use the directory that the first one was given.</summary>
    public static ComponentSubject<T> SharesFiles<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent
    {
        IStorageDirectory? first = null;
        return Around(sound, context => context.With(first ??= context.Files));
    }

    public static ComponentSubject<T> LeaksHandles<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, _) => new BrokenFile(file) { OnDispose = _ => { } },
        });

    /// <summary>Any checksum at the end of a whole file fits: as if there were none.</summary>
    public static ComponentSubject<T> NoChecksum<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Below(sound, inner => new BrokenDirectory(inner)
        {
            OnOpen = (file, _) => new BrokenFile(file)
            {
                OnRead = (from, to, offset) =>
                {
                    int count = from.Read(to, offset);
                    if (offset == 0 && count > 52)
                    {
                        BinaryPrimitives.WriteUInt32LittleEndian(to[(count - 4)..count], Crc32C.Of(to[..(count - 4)]));
                    }

                    return count;
                },
            },
        });

    public static ComponentSubject<T> AnyStore<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => Around(sound, context => context.With(storeId: Guid.Empty));

    public static ComponentSubject<T> WritesAtOpen<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => new()
        {
            Name = sound.Name,
            Open = async (context, cancellation) =>
            {
                T component = await sound.Open(context, cancellation);
                using IStorageFile file = context.Files.Open("opened", FileIntent.OpenOrCreate);
                file.Write([1], file.Length);
                return component;
            },
        };

    public static ComponentSubject<T> LeavesTimer<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        Around(sound, context =>
        {
            context.Time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            return context;
        });

    /// <summary>Damaged files are thrown away and begun anew.</summary>
    public static ComponentSubject<T> StartsOver<T>(ComponentSubject<T> sound)
        where T : class, IStorageComponent => new()
        {
            Name = sound.Name,
            Open = async (context, cancellation) =>
            {
                try
                {
                    return await sound.Open(context, cancellation);
                }
                catch (StorageException damaged) when (damaged.Code == StorageErrorCode.Corrupt)
                {
                    foreach (StorageEntry entry in context.Files.List())
                    {
                        context.Files.Delete(entry.Name);
                    }

                    return await sound.Open(context, cancellation);
                }
            },
        };
}
