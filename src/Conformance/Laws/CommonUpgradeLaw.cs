using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>What was written by an earlier version is opened by a later one.</summary>
internal static class CommonUpgradeLaw
{
    // Rounds of the kit's script: enough for a rotation and a merge at small options.
    private const int Rounds = 4;

    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract, CommonProbe<T> probe)
        where T : class, IStorageComponent =>
        suite.Add(
            new Law
            {
                Id = "C13",
                Contract = contract,
                Needs = LawNeeds.GoldenStores,
                Text = "A store of every format version that it says it reads opens with its content, takes more, and "
                    + "opens again.",
            },
            (run, subject) => Upgrade(run, subject, probe));

    /// <summary>A store as this version writes it; null when the component keeps no files.</summary>
    public static GoldenStore? Make<T>(ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(1);
        string content;
        int version;
        using (Session<T> session = new(subject, world))
        {
            for (int round = 0; round < Rounds; round++)
            {
                probe.Fill(session, round);
                world.Background.RunAll();
            }

            content = probe.Content(session.Component);
            version = session.Component.Identity.FormatVersion;
        }

        string below = Session.InstanceName + "/";
        (string, byte[])[] files =
            [.. world.Disk.FilePaths().Select(path => (path[below.Length..], world.Disk.ReadAllBytes(path)))];
        return files.Length == 0
            ? null
            : new GoldenStore { FormatVersion = version, Content = content, Files = files };
    }

    private static void Upgrade<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        HashSet<int> seen = [];
        ComponentIdentity? identity = null;
        foreach (GoldenStore golden in subject.GoldenStores)
        {
            seen.Add(golden.FormatVersion);
            string what = $"the store of format {golden.FormatVersion}";
            using SimWorld world = new(run.Seed);
            foreach ((string path, byte[] bytes) in golden.Files)
            {
                Place(world, $"{Session.InstanceName}/{path}", bytes);
            }

            string extended;
            using (Session<T> session = new(subject, world))
            {
                identity = session.Component.Identity;
                LawRun.Require(
                    probe.Content(session.Component) == golden.Content, $"{what} opens with another content");
                probe.Fill(session, Rounds);
                extended = probe.Content(session.Component);
                LawRun.Require(extended != golden.Content, $"{what} opens and takes nothing more");
            }

            using Session<T> again = new(subject, world);
            LawRun.Require(
                probe.Content(again.Component) == extended, $"{what} was extended, and opens with another content");
        }

        for (int version = identity!.OldestReadableFormatVersion; version <= identity.FormatVersion; version++)
        {
            LawRun.Require(
                seen.Contains(version), $"it says that it reads format {version}, and there is no golden store of it");
        }
    }

    private static void Place(SimWorld world, string path, byte[] bytes)
    {
        int slash = path.LastIndexOf('/');
        Files.IStorageDirectory directory = world.Directory(path[..slash]);
        using (Files.IStorageFile file = directory.Open(path[(slash + 1)..], Files.FileIntent.CreateNew))
        {
            file.Write(bytes, 0);
            file.Sync(Files.SyncKind.Full);
        }

        directory.Sync();
    }
}
