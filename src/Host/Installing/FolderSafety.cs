using Mortise.Host.Configuration;
using Mortise.Host.Files;

namespace Mortise.Host.Installing;

/// <summary>Refuses a folder of code that somebody else can change, or that leads out of itself.</summary>
/// <remarks>
/// As sshd does with keys: every folder from the root of the file system down counts, because who may rename a parent
/// may exchange all below it. What everybody can write is always refused, unless the sticky bit keeps names apart, as
/// in /tmp. What the group can write and what another user owns is refused only where trust is enforced: it is usual
/// where developers share a machine.
/// </remarks>
internal static class FolderSafety
{
    private const int MaxLinks = 40;

    /// <summary>Checks a folder, everything in it and everything above it.</summary>
    /// <param name="folder">A full path.</param>
    /// <param name="strict">True to refuse what the group can write and what another user owns.</param>
    /// <param name="at">For positions.</param>
    /// <param name="problems">Receives every reason.</param>
    public static void Check(string folder, bool strict, SourcePosition at, ICollection<Problem> problems)
    {
        if (!FileStatus.IsKnown)
        {
            return;
        }

        CheckAbove(folder, strict, at, problems);
        CheckBelow(folder, strict, at, problems);
    }

    /// <summary>True when a path is a folder or lies below it. <c>/a/plug2</c> is not below <c>/a/plug</c>.</summary>
    public static bool IsWithin(string folder, string path)
    {
        string below = Path.GetRelativePath(Path.GetFullPath(folder), Path.GetFullPath(path));
        return below == "." || (!Path.IsPathRooted(below) && below != ".."
            && !below.StartsWith($"..{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
    }

    /// <summary>Checks what is in a folder, and not the way to it.</summary>
    public static void CheckBelow(string folder, bool strict, SourcePosition at, ICollection<Problem> problems)
    {
        if (!FileStatus.IsKnown)
        {
            return;
        }

        var waiting = new Stack<string>([folder]);
        while (waiting.TryPop(out string? current))
        {
            foreach (string path in Directory.GetFileSystemEntries(current).Order(StringComparer.Ordinal))
            {
                if (FileStatus.Of(path) is not { } status)
                {
                    continue;
                }

                if (!status.IsRegular && !status.IsDirectory)
                {
                    string kind = status.IsLink ? "a symbolic link" : "neither a file nor a folder";
                    problems.Add(new Problem(
                        ProblemCode.UnsafePath,
                        at,
                        $"'{path}' is {kind}; a plugin's folder holds its own files only: copy what it needs into it"));
                    continue;
                }

                CheckWriters(path, status, strict, at, problems);
                if (status.IsDirectory)
                {
                    waiting.Push(path);
                }
            }
        }
    }

    private static void CheckAbove(string folder, bool strict, SourcePosition at, ICollection<Problem> problems)
    {
        var rest = new Stack<string>(Path.GetFullPath(folder)
            .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        string current = "/";
        int links = 0;
        CheckName(current, strict, at, problems);
        while (rest.TryPop(out string? name))
        {
            string next = name == ".." ? Path.GetDirectoryName(current) ?? "/" : Path.Combine(current, name);
            if (FileStatus.Of(next) is { IsLink: true })
            {
                if (++links > MaxLinks)
                {
                    problems.Add(new Problem(ProblemCode.UnsafePath, at, $"'{folder}' leads through too many links"));
                    return;
                }

                string target = new FileInfo(next).LinkTarget ?? "";
                current = Path.IsPathRooted(target) ? "/" : current;
                foreach (string part in target
                    .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries)
                    .Where(static p => p != ".").Reverse())
                {
                    rest.Push(part);
                }

                continue;
            }

            current = next;
            CheckName(current, strict, at, problems);
        }
    }

    private static void CheckName(string path, bool strict, SourcePosition at, ICollection<Problem> problems)
    {
        if (FileStatus.Of(path) is { } status)
        {
            CheckWriters(path, status, strict, at, problems);
        }
    }

    private static void CheckWriters(
        string path, FileStatus status, bool strict, SourcePosition at, ICollection<Problem> problems)
    {
        bool shared = status is { IsDirectory: true, IsSticky: true };
        if ((status.Mode & FileStatus.OthersWrite) != 0 && !shared)
        {
            problems.Add(new Problem(
                ProblemCode.UnsafePermissions,
                at,
                $"everybody can write '{path}' (mode {status.Permissions}), so anybody can exchange the code; "
                + $"run: chmod o-w '{path}'"));
        }

        if (!strict)
        {
            return;
        }

        if ((status.Mode & FileStatus.GroupWrite) != 0 && !shared)
        {
            problems.Add(new Problem(
                ProblemCode.UnsafePermissions,
                at,
                $"its group can write '{path}' (mode {status.Permissions}), and trust is enforced; "
                + $"run: chmod g-w '{path}'"));
        }

        uint user = Posix.EffectiveUser();
        if (status.Owner != 0 && status.Owner != user)
        {
            problems.Add(new Problem(
                ProblemCode.UnsafePermissions,
                at,
                $"'{path}' belongs to user {status.Owner}, neither to root nor to the user {user} that runs this, "
                + $"and trust is enforced; run: chown {user} '{path}'"));
        }
    }
}
