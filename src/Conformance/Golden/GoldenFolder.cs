using System.Globalization;
using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>What earlier versions of a plugin left for later ones, as files in a folder: stores of each format version,
/// and the partitions that schemes gave.</summary>
public static class GoldenFolder
{
    /// <summary>The folder's name within a plugin's folder.</summary>
    public const string Name = "golden";

    private const string VectorsEnding = "-vectors.txt";

    /// <summary>Gives the components of a catalog what the folder has of them.</summary>
    /// <param name="catalog">The components.</param>
    /// <param name="folder">The folder; one that does not exist has nothing.</param>
    /// <exception cref="InvalidDataException">A file is not what its name says.</exception>
    public static void AddTo(SubjectCatalog catalog, string folder)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        if (!Directory.Exists(folder))
        {
            return;
        }

        Stores(catalog.Logs, folder);
        Stores(catalog.RecordStores, folder);
        Stores(catalog.IndexFamilies, folder);
        foreach (PartitionSubject scheme in catalog.PartitionSchemes)
        {
            string path = Path.Combine(folder, scheme.Name + VectorsEnding);
            scheme.GoldenVectors = File.Exists(path) ? [.. File.ReadLines(path).Select(Vector)] : [];
        }
    }

    /// <summary>Makes what later versions are to be checked with: a store of the format version that is written now, or
    /// the partitions that a scheme gives now.</summary>
    /// <param name="catalog">The components.</param>
    /// <param name="folder">Where the files go.</param>
    /// <returns>The paths of what was written; what is there already is left as it is.</returns>
    public static IReadOnlyList<string> Make(SubjectCatalog catalog, string folder)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        Directory.CreateDirectory(folder);
        List<string> made = [];
        foreach (SubjectLaws subject in catalog.Subjects)
        {
            if (subject.MakeGolden() is { } store)
            {
                Write(GoldenStore.FileName(subject.Name, store.FormatVersion), store.Write);
            }
        }

        foreach (PartitionSubject scheme in catalog.PartitionSchemes)
        {
            Write(scheme.Name + VectorsEnding, stream =>
            {
                using StreamWriter text = new(stream, leaveOpen: true) { NewLine = "\n" };
                foreach ((long ordinal, string key, string partition) in PartitionLaws.Vectors(scheme))
                {
                    text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ordinal} {key} {partition}"));
                }
            });
        }

        return made;

        void Write(string name, Action<Stream> write)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                using FileStream file = File.Create(path);
                write(file);
                made.Add(path);
            }
        }
    }

    private static void Stores<T>(IEnumerable<ComponentSubject<T>> subjects, string folder)
        where T : class, IStorageComponent
    {
        foreach (ComponentSubject<T> subject in subjects)
        {
            List<GoldenStore> stores = [];
            string before = subject.Name + "-v";
            foreach (string path in Directory.GetFiles(folder, before + "*.zip").Order(StringComparer.Ordinal))
            {
                string version = Path.GetFileNameWithoutExtension(path)[before.Length..].Split('-')[0];
                using FileStream file = File.OpenRead(path);
                stores.Add(GoldenStore.Read(
                    file,
                    int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                        ? number
                        : throw new InvalidDataException($"{path}: the name has no format version")));
            }

            subject.GoldenStores = stores;
        }
    }

    private static (long Ordinal, string Key, string Partition) Vector(string line)
    {
        string[] parts = line.Split(' ');
        return parts.Length == 3
            && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long ordinal)
                ? (ordinal, parts[1], parts[2])
                : throw new InvalidDataException($"'{line}' is not an ordinal, a key and a partition");
    }
}
