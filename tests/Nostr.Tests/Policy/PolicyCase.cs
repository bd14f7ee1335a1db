using System.Globalization;

namespace Mortise.Nostr.Tests.Policy;

/// <summary>Some events and what is left of them, whatever the order in which they arrive.</summary>
/// <param name="Name">The rule, as a law.</param>
/// <param name="Events">What arrives; made anew for each run, with keys of its own.</param>
/// <param name="Left">Labels of the events that are served afterwards.</param>
internal sealed record PolicyCase(string Name, Func<PolicyActors, List<(string Label, NostrEvent Event)>> Events, string Left)
{
    public override string ToString() => Name;
}

/// <summary>The people and the clock of one run of a case.</summary>
internal sealed class PolicyActors(int run, long now)
{
    public byte[] Alice { get; } = Key(run, 1);

    public byte[] Bob { get; } = Key(run, 2);

    public byte[] Carol { get; } = Key(run, 3);

    public string AliceHex => Convert.ToHexStringLower(Alice);

    public string BobHex => Convert.ToHexStringLower(Bob);

    /// <summary>The test's now, in seconds.</summary>
    public long Now { get; } = now;

    /// <summary>An id that sorts by its rank.</summary>
    public string Id(int rank) => Convert.ToHexStringLower(Key(run, rank, idMark: 0xEE));

    public NostrEvent Make(int rank, byte[] author, long at, int kind, params string[][] tags)
    {
        var list = new TagListWriter();
        foreach (string[] tag in tags)
        {
            list.AddTag(tag);
        }

        return NostrEvent.FromRecord(EventRecord.Encode(Key(run, rank, 0xEE), author, new byte[64], at, kind, list, "x"u8));
    }

    private static byte[] Key(int run, int rank, byte idMark = 0xAB)
    {
        byte[] key = Convert.FromHexString(string.Create(
            CultureInfo.InvariantCulture, $"{rank:x2}{idMark:x2}{run:x8}{0:x52}"));
        return key;
    }
}
