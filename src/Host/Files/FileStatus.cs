namespace Mortise.Host.Files;

/// <summary>Who owns a name of the file system, what it is, and who may write it. Does not follow links.</summary>
/// <param name="Owner">The user's number.</param>
/// <param name="Mode">Kind and permission bits as in <c>stat</c>.</param>
internal readonly record struct FileStatus(uint Owner, int Mode)
{
    public const int GroupWrite = 0b000_010_000;
    public const int OthersWrite = 0b000_000_010;

    private const int KindMask = 0xF000;
    private const int Sticky = 0x200;
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicFields = 0x7FF;

    public bool IsRegular => (Mode & KindMask) == 0x8000;

    public bool IsDirectory => (Mode & KindMask) == 0x4000;

    public bool IsLink => (Mode & KindMask) == 0xA000;

    /// <summary>True when others may add names but not replace mine, as in /tmp.</summary>
    public bool IsSticky => (Mode & Sticky) != 0;

    /// <summary>Permission bits as chmod writes them.</summary>
    public string Permissions => Convert.ToString(Mode & 0xFFF, 8).PadLeft(4, '0');

    /// <summary>False where the system has no such numbers (Windows).</summary>
    public static bool IsKnown => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    /// <summary>Asks the system; null when there is no such name or the system has no such numbers.</summary>
    public static unsafe FileStatus? Of(string path)
    {
        byte* buffer = stackalloc byte[256];
        if (OperatingSystem.IsLinux())
        {
            // struct statx: mask 0, block size 4, attributes 8, links 16, user 20, group 24, mode 28.
            return Posix.StatusOnLinux(CurrentDirectory, path, NoFollow, BasicFields, buffer) == 0
                ? new FileStatus(*(uint*)(buffer + 20), *(ushort*)(buffer + 28))
                : null;
        }

        if (!OperatingSystem.IsMacOS())
        {
            return null;
        }

        // struct stat with 64-bit inodes: device 0, mode 4, links 6, inode 8, user 16.
        int answer = Posix.IsArm ? Posix.StatusOnApple(path, buffer) : Posix.StatusOnAppleX64(path, buffer);
        return answer == 0 ? new FileStatus(*(uint*)(buffer + 16), *(ushort*)(buffer + 4)) : null;
    }
}
