using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>How an examiner is asked.</summary>
internal static class ExaminerChecks
{
    public static void Sound(IExaminer examiner, SimWorld world)
    {
        List<Finding> findings = Examine(examiner, world, "sound files");
        LawRun.Require(findings.Count == 0, $"in sound files it finds {findings.FirstOrDefault()}");
    }

    /// <summary>Flips bits: a finding or nothing, never an exception, and no write.</summary>
    public static void Damaged(LawRun run, IExaminer examiner, SimWorld world)
    {
        Random random = Seeds.Generator(run.Seed);
        int found = 0;
        int tried = 0;
        foreach (string path in world.Disk.FilePaths())
        {
            int length = world.Disk.ReadAllBytes(path).Length;
            for (int i = 0; length > 0 && i < run.Scale(40, 400, 4000); i++)
            {
                using SimWorld damaged = world.AfterProcessDeath();
                int offset = random.Next(length);
                damaged.Disk.FlipBit(path, offset, random.Next(8));
                tried++;
                found += Examine(examiner, damaged, $"byte {offset} of {path} damaged").Count > 0 ? 1 : 0;
            }
        }

        LawRun.Require(tried == 0 || found > 0, $"of {tried} damaged bits the examiner found none");
    }

    private static List<Finding> Examine(IExaminer examiner, SimWorld world, string what)
    {
        List<Finding> findings = [];
        SimDisk disk = world.Disk;
        long operations = disk.Operations;
        try
        {
            examiner.Examine(
                disk.Root.OpenDirectory(Session.InstanceName), world.StoreId, findings.Add, CancellationToken.None);
        }
#pragma warning disable CA1031 // Whatever it throws is the finding of this law.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            throw new LawBrokenException(
                $"{what}: the examiner threw {thrown.GetType().Name}: {thrown.Message}", thrown);
        }

        LawRun.Require(disk.Operations == operations, $"{what}: the examiner wrote something");
        LawRun.Require(disk.OpenHandles.Count == 0, $"{what}: the examiner left files open");
        return findings;
    }
}
