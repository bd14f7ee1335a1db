using System.Globalization;

namespace Mortise.Nostr.Tests.Policy;

/// <summary>The rules of NIP-01, 09, 40, 59 and 62 as cases whose outcome no order of arrival changes.</summary>
internal static class PolicyCases
{
    private static readonly string s_long = new('d', 700);

    public static IReadOnlyList<PolicyCase> All { get; } =
    [
        new("the newest version of a replaceable event stays",
            a => [("v1", a.Make(1, a.Alice, 10, 0)), ("v2", a.Make(2, a.Alice, 20, 0)), ("v3", a.Make(3, a.Alice, 30, 0))],
            "v3"),
        new("of versions of one second the lowest id stays",
            a => [("v1", a.Make(2, a.Alice, 10, 10002)), ("v2", a.Make(1, a.Alice, 10, 10002)), ("v3", a.Make(3, a.Alice, 10, 10002))],
            "v2"),
        new("replaceable events of other kinds and authors are other addresses",
            a => [("v1", a.Make(1, a.Alice, 10, 0)), ("v2", a.Make(2, a.Alice, 20, 3)), ("v3", a.Make(3, a.Bob, 30, 0))],
            "v1 v2 v3"),
        new("regular events are never replaced",
            a => [("n1", a.Make(1, a.Alice, 10, 1)), ("n2", a.Make(2, a.Alice, 20, 1)), ("n3", a.Make(3, a.Alice, 20, 1))],
            "n1 n2 n3"),
        new("a replaceable event's d tag says nothing",
            a => [("v1", a.Make(1, a.Alice, 10, 10000, ["d", "x"])), ("v2", a.Make(2, a.Alice, 20, 10000, ["d", "y"]))],
            "v2"),
        new("addressable events are replaced by d tag",
            a =>
            [
                ("x1", a.Make(1, a.Alice, 10, 30023, ["d", "x"])), ("x2", a.Make(2, a.Alice, 20, 30023, ["d", "x"])),
                ("y1", a.Make(3, a.Alice, 5, 30023, ["d", "y"])), ("z1", a.Make(4, a.Alice, 5, 30024, ["d", "x"])),
            ],
            "x2 y1 z1"),
        new("a missing d tag, an empty one and one without value are one address",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 30000)), ("v2", a.Make(2, a.Alice, 20, 30000, ["d", ""])),
                ("v3", a.Make(3, a.Alice, 15, 30000, ["d"])), ("v4", a.Make(4, a.Alice, 12, 30000, ["d", "", "more"])),
            ],
            "v2"),
        new("only the first d tag counts",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 30000, ["d", "x"], ["d", "y"])),
                ("v2", a.Make(2, a.Alice, 20, 30000, ["d", "y"], ["d", "x"])),
                ("v3", a.Make(3, a.Alice, 30, 30000, ["t", "x"], ["d", "x"])),
            ],
            "v2 v3"),
        new("long and hexadecimal d tags are addresses as others are",
            a =>
            [
                ("l1", a.Make(1, a.Alice, 10, 30000, ["d", s_long])), ("l2", a.Make(2, a.Alice, 20, 30000, ["d", s_long])),
                ("m1", a.Make(3, a.Alice, 10, 30000, ["d", s_long + "!"])),
                ("h1", a.Make(4, a.Alice, 10, 30000, ["d", a.BobHex])),
                ("h2", a.Make(5, a.Alice, 20, 30000, ["d", a.BobHex])),
            ],
            "l2 m1 h2"),
        new("ephemeral events are not stored",
            a => [("e1", a.Make(1, a.Alice, 10, 20000)), ("e2", a.Make(2, a.Alice, 10, 29999)), ("n1", a.Make(3, a.Alice, 10, 30000))],
            "n1"),
        new("a duplicate changes nothing",
            a => [("n1", a.Make(1, a.Alice, 10, 1)), ("n1", a.Make(1, a.Alice, 10, 1)), ("n1", a.Make(1, a.Alice, 10, 1))],
            "n1"),
        new("an author's deletion request deletes by id, whenever it comes, and stays",
            a => [("n1", a.Make(1, a.Alice, 10, 1)), ("n2", a.Make(2, a.Alice, 99, 1)), ("d", a.Make(3, a.Alice, 20, 5, ["e", a.Id(1)], ["e", a.Id(2)]))],
            "d"),
        new("nobody deletes what is another's",
            a => [("n1", a.Make(1, a.Alice, 10, 1)), ("d", a.Make(3, a.Bob, 20, 5, ["e", a.Id(1)]))],
            "n1 d"),
        new("a request with own and foreign targets deletes the own ones",
            a =>
            [
                ("n1", a.Make(1, a.Alice, 10, 1)), ("n2", a.Make(2, a.Bob, 10, 1)),
                ("d", a.Make(3, a.Alice, 20, 5, ["e", a.Id(2)], ["e", a.Id(1)], ["a", $"30000:{a.BobHex}:x"])),
                ("b", a.Make(4, a.Bob, 10, 30000, ["d", "x"])),
            ],
            "n2 d b"),
        new("deleting a deletion request has no effect",
            a =>
            [
                ("n1", a.Make(1, a.Alice, 10, 1)), ("d1", a.Make(2, a.Alice, 20, 5, ["e", a.Id(1)])),
                ("d2", a.Make(3, a.Alice, 30, 5, ["e", a.Id(2)])),
            ],
            "d1 d2"),
        new("an id in upper case or with another length names nothing",
            a =>
            [
                ("n1", a.Make(0xAB, a.Alice, 10, 1)),
                ("d", a.Make(3, a.Alice, 20, 5, ["e", a.Id(0xAB).ToUpperInvariant()], ["e", a.Id(0xAB)[..62]], ["e"], ["E", a.Id(0xAB)])),
            ],
            "n1 d"),
        new("an address is deleted up to the time of the request, included",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 30023, ["d", "x"])), ("v2", a.Make(2, a.Alice, 20, 30023, ["d", "x"])),
                ("d", a.Make(3, a.Alice, 20, 5, ["a", $"30023:{a.AliceHex}:x"])), ("y", a.Make(4, a.Alice, 9, 30023, ["d", "y"])),
            ],
            "d y"),
        new("a version newer than the request stays",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 30023, ["d", "x"])), ("v2", a.Make(2, a.Alice, 21, 30023, ["d", "x"])),
                ("d", a.Make(3, a.Alice, 20, 5, ["a", $"30023:{a.AliceHex}:x"])),
            ],
            "v2 d"),
        new("the newest request for an address counts",
            a =>
            [
                ("d1", a.Make(1, a.Alice, 10, 5, ["a", $"30023:{a.AliceHex}:x"])),
                ("d2", a.Make(2, a.Alice, 30, 5, ["a", $"30023:{a.AliceHex}:x"])),
                ("v", a.Make(3, a.Alice, 20, 30023, ["d", "x"])), ("w", a.Make(4, a.Alice, 31, 30023, ["d", "y"])),
            ],
            "d1 d2 w"),
        new("an address with colons, of a missing d, and of a replaceable kind can be deleted",
            a =>
            [
                ("c", a.Make(1, a.Alice, 10, 30023, ["d", "x:y:z"])), ("m", a.Make(2, a.Alice, 10, 30023)),
                ("r", a.Make(3, a.Alice, 10, 10002)), ("p", a.Make(4, a.Alice, 10, 0)),
                ("d", a.Make(5, a.Alice, 20, 5, ["a", $"30023:{a.AliceHex}:x:y:z"], ["a", $"30023:{a.AliceHex}:"], ["a", $"10002:{a.AliceHex}:"], ["a", $"0:{a.AliceHex}"])),
            ],
            "d"),
        new("coordinates that are none delete nothing",
            a =>
            [
                ("r", a.Make(3, a.Alice, 10, 10002)), ("x", a.Make(4, a.Alice, 10, 30000, ["d", "x"])), ("n", a.Make(2, a.Alice, 10, 1)),
                ("d", a.Make(5, a.Alice, 20, 5, ["a", $"010002:{a.AliceHex}:"], ["a", $"10002:{a.AliceHex}:x"], ["a", $"30000:{a.AliceHex}"], ["a", $"30000:{a.AliceHex.ToUpperInvariant()}:x"], ["a", $"1:{a.AliceHex}:"], ["a", "x"], ["a", $"+30000:{a.AliceHex}:x"])),
            ],
            "r x n d"),
        new("nobody deletes another's address",
            a => [("v", a.Make(1, a.Alice, 10, 30000, ["d", "x"])), ("d", a.Make(2, a.Bob, 20, 5, ["a", $"30000:{a.AliceHex}:x"]))],
            "v d"),
        new("deleting a version that was replaced changes nothing",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 0)), ("v2", a.Make(2, a.Alice, 20, 0)),
                ("d", a.Make(3, a.Alice, 30, 5, ["e", a.Id(1)])),
            ],
            "v2 d"),
        new("an event that has expired is not stored, and replaces nothing",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 0)), ("v2", a.Make(2, a.Alice, 20, 0, ["expiration", Text(a.Now)])),
                ("n", a.Make(3, a.Alice, 20, 1, ["expiration", Text(a.Now + 1)])), ("b", a.Make(4, a.Alice, 20, 1, ["expiration", "soon"])),
            ],
            "v1 n b"),
        new("a request to vanish deletes all that its author wrote up to its time, deletion requests too",
            a =>
            [
                ("n1", a.Make(1, a.Alice, 10, 1)), ("n2", a.Make(2, a.Alice, 20, 1)), ("n3", a.Make(3, a.Alice, 21, 1)),
                ("d", a.Make(4, a.Alice, 19, 5, ["e", a.Id(1)])), ("v", a.Make(5, a.Alice, 20, 62, ["relay", "ALL_RELAYS"])),
            ],
            "n3 v"),
        new("a request to vanish touches nobody else",
            a => [("n1", a.Make(1, a.Bob, 10, 1)), ("p", a.Make(2, a.Carol, 10, 0)), ("v", a.Make(5, a.Alice, 20, 62, ["relay", "ALL_RELAYS"]))],
            "n1 p v"),
        new("a request to vanish from another relay is an event as any other",
            a => [("n1", a.Make(1, a.Alice, 10, 1)), ("v", a.Make(5, a.Alice, 20, 62, ["relay", "wss://other.example"]))],
            "n1 v"),
        new("a request to vanish from here may write the URL with a slash and in upper case",
            a => [("n1", a.Make(1, a.Alice, 10, 1)), ("v", a.Make(5, a.Alice, 20, 62, ["relay", "wss://other.example"], ["relay", "WSS://Here.example/"]))],
            "v"),
        new("requests to vanish stay, and cannot be deleted",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 62, ["relay", "ALL_RELAYS"])), ("v2", a.Make(2, a.Alice, 20, 62, ["relay", "ALL_RELAYS"])),
                ("d", a.Make(3, a.Alice, 30, 5, ["e", a.Id(1)])), ("n", a.Make(4, a.Alice, 9, 1)),
            ],
            "v1 v2 d"),
        new("gift wraps to somebody who vanished go with them",
            a =>
            [
                ("w1", a.Make(1, a.Carol, 10, 1059, ["p", a.AliceHex])), ("w2", a.Make(2, a.Carol, 30, 1059, ["p", a.AliceHex])),
                ("w3", a.Make(3, a.Carol, 10, 1059, ["p", a.BobHex])), ("v", a.Make(5, a.Alice, 20, 62, ["relay", "ALL_RELAYS"])),
            ],
            "w2 w3 v"),
        new("the recipient of a gift wrap may delete it, a stranger may not",
            a =>
            [
                ("w1", a.Make(1, a.Carol, 10, 1059, ["p", a.AliceHex])), ("w2", a.Make(2, a.Carol, 10, 1059, ["p", a.BobHex])),
                ("d", a.Make(3, a.Alice, 20, 5, ["e", a.Id(1)], ["e", a.Id(2)])), ("n", a.Make(4, a.Bob, 10, 1, ["p", a.AliceHex])),
            ],
            "w2 d n"),
    ];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
