using System.Globalization;
using System.Text;
using Mortise.Files;
using Mortise.Host.Files;

namespace Mortise.Conformance.Tests.Disk;

/// <summary>The simulated disk and the real file system answer the same to the same operations.</summary>
public class SimDiskFidelityTests
{
    private static readonly string[] s_names = ["a", "b", "c.log", "dir"];

    [Fact]
    public void Random_operation_lists_get_equal_answers_in_memory() =>
        Compare(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), 1500 * Soak(), syncs: true);

    [Fact]
    public void Random_operation_lists_get_equal_answers_on_the_disk() =>
        Compare(Path.GetTempPath(), 300 * Soak(), syncs: false);

    private static int Soak() =>
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), CultureInfo.InvariantCulture, out int n) ? n : 1;

    private static void Compare(string below, int lists, bool syncs)
    {
        string top = Path.Combine(below, $"mortise-fidelity-{Environment.ProcessId}-{syncs}");
        ulong seed = new LawSettings().Seed;
        try
        {
            for (int i = 0; i < lists; i++)
            {
                string path = Path.Combine(top, i.ToString(CultureInfo.InvariantCulture));
                PosixDirectory real = PosixDirectory.OpenRoot(path);
                SimDisk disk = new(seed, new SimDiskOptions { CanMap = true });
                List<string> onReal = Run(real, Seeds.Generator(seed, (ulong)i), syncs);
                List<string> onSimulated = Run(disk.Root, Seeds.Generator(seed, (ulong)i), syncs);
                int same = onReal.Zip(onSimulated).TakeWhile(pair => pair.First == pair.Second).Count();
                Assert.True(
                    same == onReal.Count && same == onSimulated.Count,
                    $"MORTISE_SEED={seed}, list {i}, operation {same}:\n real      {onReal.ElementAtOrDefault(same)}\n simulated {onSimulated.ElementAtOrDefault(same)}\nafter\n  {string.Join("\n  ", onReal.Take(same))}");
                Directory.Delete(path, recursive: true);
            }
        }
        finally
        {
            Directory.Delete(top, recursive: true);
        }
    }

    private static List<string> Run(IStorageDirectory root, Random random, bool syncs)
    {
        List<string> answers = [];
        List<IStorageFile> files = [];
        List<IDisposable> locks = [];
        for (int i = 0; i < 50; i++)
        {
            answers.Add(Step(root, random, files, locks, syncs));
        }

        files.ForEach(file => file.Dispose());
        locks.ForEach(held => held.Dispose());
        answers.Add(Listing(root, "at the end:"));
        return answers;
    }

    private static string Step(
        IStorageDirectory root, Random random, List<IStorageFile> files, List<IDisposable> locks, bool syncs)
    {
        // All chance is taken before anything is done, so that both sides see the same.
        int kind = random.Next(100);
        string name = s_names[random.Next(3)];
        string other = s_names[random.Next(3)];
        bool confused = random.Next(25) == 0;
        FileIntent intent = random.Next(2) == 0 ? FileIntent.OpenOrCreate : (FileIntent)random.Next(1, 5);
        int offset = random.Next(4) == 0 ? random.Next(20_000) : random.Next(3000);
        int length = random.Next(3) == 0 ? random.Next(9000) : random.Next(200);
        IStorageFile? file = files.Count == 0 ? null : files[random.Next(files.Count)];
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        if (confused)
        {
            name = "dir";
            intent = FileIntent.ReadWrite;
        }

        string what = "nothing";
        try
        {
            switch (kind)
            {
                case < 18:
                    what = $"open {name} {intent}";
                    files.Add(root.Open(name, intent));
                    return what;
                case < 22 when file is not null:
                    what = $"close {file.Path}";
                    files.Remove(file);
                    file.Dispose();
                    return what;
                case < 48 when file is not null:
                    what = $"write {file.Path} {offset}+{length}";
                    if (IsWritable(file))
                    {
                        file.Write(bytes, offset);
                    }

                    return $"{what}: {file.Length}";
                case < 64 when file is not null:
                    what = $"read {file.Path} {offset}+{length}";
                    int count = file.Read(bytes, offset);
                    return $"{what}: {count} {Convert.ToHexString(bytes.AsSpan(0, count))}";
                case < 70 when file is not null:
                    what = $"length {file.Path} {offset}";
                    if (IsWritable(file))
                    {
                        file.SetLength(offset);
                    }

                    return $"{what}: {file.Length}";
                case < 74 when file is not null:
                    what = $"punch {file.Path} {offset}+{length}";
                    if (IsWritable(file))
                    {
                        file.PunchHole(offset, length);
                    }

                    return $"{what}: {file.Length}";
                case < 77 when file is not null:
                    what = $"map {file.Path} {offset}+{length + 1}";
                    file.TryMap(offset, length + 1, out MappedRegion? region);
                    what += $": {Convert.ToHexString(region!.Span(length / 3, length / 2))}";
                    region.Dispose();
                    return what;
                case < 80 when file is not null && syncs:
                    what = $"sync {file.Path}";
                    if (IsWritable(file))
                    {
                        file.Sync(SyncKind.Data);
                    }

                    return what;
                case < 85:
                    what = $"rename {name} to {other}";
                    if (name != "dir")
                    {
                        root.Rename(name, other);
                    }

                    return what;
                case < 89:
                    what = $"delete {name}";
                    root.Delete(name);
                    return what;
                case < 91:
                    what = $"directory {name}";
                    IStorageDirectory below = root.OpenDirectory(confused && root.Exists("a") ? "a" : "dir");
                    below.Open(other, FileIntent.OpenOrCreate).Dispose();
                    return Listing(below, what);
                case < 93:
                    what = "delete directory";
                    root.DeleteDirectory(confused ? "a" : "dir");
                    return what;
                case < 95:
                    what = "lock";
                    IDisposable? held = root.TryLock("lock");
                    if (held is not null)
                    {
                        locks.Add(held);
                    }

                    return $"{what}: {held is not null}";
                case < 96 when locks.Count > 0:
                    locks[0].Dispose();
                    locks.RemoveAt(0);
                    return "unlock";
                case < 97 when syncs:
                    root.Sync();
                    return "sync directory";
                case < 98:
                    return $"exists {name}: {root.Exists(name)}";
                default:
                    return Listing(root, "list");
            }
        }
        catch (StorageException refused)
        {
            return $"{what}: {refused.Code} {refused.File}";
        }
        catch (ArgumentException refused)
        {
            return $"{what}: {refused.GetType().Name}";
        }
    }

    /// <summary>Writing through a handle for reading is a caller's mistake that the two need not answer alike.</summary>
    private static bool IsWritable(IStorageFile file)
    {
        try
        {
            file.Write([], 0);
            byte[] first = new byte[1];
            if (file.Read(first, 0) == 1)
            {
                file.Write(first, 0);
            }
            else
            {
                file.SetLength(0);
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (StorageException refused) when (refused.Code == StorageErrorCode.Io)
        {
            return false;
        }
    }

    private static string Listing(IStorageDirectory directory, string what)
    {
        StringBuilder text = new(what);
        foreach (StorageEntry entry in directory.List())
        {
            // The lock file tells people who holds it.
            long length = entry.Name == "lock" ? 0 : entry.LengthBytes;
            text.Append(CultureInfo.InvariantCulture, $" {entry.Name}{(entry.IsDirectory ? "/" : "")}:{length}");
        }

        return text.ToString();
    }
}
