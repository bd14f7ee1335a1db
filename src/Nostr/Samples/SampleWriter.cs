namespace Mortise.Nostr;

/// <summary>Writes the next sample event, remembering enough of the past to refer to it.</summary>
internal sealed class SampleWriter(ulong seed, Schnorr schnorr)
{
    private const long FirstSecond = 1_600_000_000;

    /// <summary>Far enough ahead that no store of our days sees it pass (the year 2096).</summary>
    private const long FarFuture = 4_000_000_000;

    /// <summary>Events that later ones may refer to; the newest replace the oldest.</summary>
    private const int RememberedEvents = 1024;

    /// <summary>A newcomer for about so many events, until there are <see cref="MaxAuthors"/>.</summary>
    private const int EventsPerAuthor = 8;

    private const int MaxAuthors = 5_000;

    private readonly SampleRandom _random = new(seed ^ 0x6D6F7274697365);
    private readonly TagListWriter _tags = new();
    private readonly List<SampleAuthor> _authors = [];
    private readonly List<Remembered> _past = [];
    private readonly HashSet<string> _recentIds = new(StringComparer.Ordinal);
    private readonly Queue<string> _recentIdsInOrder = new();
    private long _now = FirstSecond;
    private long _written;

    internal NostrEvent Next()
    {
        // Two events are the same only if their times are, and times go back by an hour at most, some hundred events.
        NostrEvent made = Draw();
        while (!_recentIds.Add(made.Id))
        {
            made = Draw();
        }

        _recentIdsInOrder.Enqueue(made.Id);
        if (_recentIdsInOrder.Count > RememberedEvents)
        {
            _recentIds.Remove(_recentIdsInOrder.Dequeue());
        }

        return made;
    }

    private NostrEvent Draw()
    {
        _now += _random.OneIn(4) ? 0 : _random.Below(90);
        SampleAuthor author = PickAuthor();

        // Clocks differ: some events are claimed to be older than what came before them.
        long createdAt = _random.OneIn(10) ? _now - _random.Below(3600) : _now;
        _tags.Clear();
        (int kind, string content) = Compose(author, createdAt);
        NostrEvent made = author.Sign(createdAt, kind, _tags, content);
        Remember(author, made, kind);
        _written++;
        return made;
    }

    private (int Kind, string Content) Compose(SampleAuthor author, long createdAt) => _random.Below(100) switch
    {
        < 38 => Note(createdAt),
        < 58 => Reaction(),
        < 63 => Profile(author),
        < 66 => Contacts(),
        < 71 => Repost(),
        < 76 => Article(),
        < 79 => RelayList(),
        < 83 => NamedList(),
        < 89 => Message(),
        < 92 => Receipt(),
        < 96 => Deletion(author),
        < 98 => Ephemeral(),
        _ => Odd(),
    };

    private (int Kind, string Content) Note(long createdAt)
    {
        if (_past.Count > 0 && _random.OneIn(2))
        {
            Remembered target = PickPast();
            _tags.AddTag("e", target.Id, "wss://relay.example", "reply");
            _tags.AddTag("p", target.Author.Hex);
        }

        for (int topics = _random.Below(4); topics > 0 && _random.OneIn(2); topics--)
        {
            _tags.AddTag("t", SampleText.Topic(_random));
        }

        if (_random.OneIn(40))
        {
            _tags.AddTag("expiration", SampleText.Number(_random.OneIn(2) ? createdAt + 3600 : FarFuture));
        }

        if (_random.OneIn(50))
        {
            _tags.AddTag("nonce", SampleText.Number(_random.Below(1_000_000)), "16");
        }

        return (1, SampleText.Sentence(_random, 3 + _random.Zipf(200)));
    }

    private (int Kind, string Content) Reaction()
    {
        if (_past.Count > 0)
        {
            Remembered target = PickPast();
            _tags.AddTag("e", target.Id);
            _tags.AddTag("p", target.Author.Hex);
            _tags.AddTag("k", SampleText.Number(target.Kind));
        }

        return (7, _random.Pick<string>(["+", "+", "+", "-", "🤙", "❤️", "😂", ""]));
    }

    private (int Kind, string Content) Profile(SampleAuthor author)
    {
        string name = $"{SampleText.Word(_random)}-{author.Hex[..6]}";
        string about = $"""{SampleText.Word(_random)} \"and\" {SampleText.Word(_random)} 🪵""";
        return (0, $$"""{"name":"{{name}}","about":"{{about}}"}""");
    }

    private (int Kind, string Content) Contacts()
    {
        for (int i = _random.Zipf(200); i >= 0; i--)
        {
            _tags.AddTag("p", PickKnownAuthor().Hex);
        }

        return (3, "");
    }

    private (int Kind, string Content) Repost()
    {
        if (_past.Count == 0)
        {
            return (6, "");
        }

        Remembered target = PickPast();
        _tags.AddTag("e", target.Id, "");
        _tags.AddTag("p", target.Author.Hex);
        return (target.Kind == 1 ? 6 : 16, "");
    }

    private (int Kind, string Content) Article()
    {
        string topic = SampleText.Topic(_random);
        _tags.AddTag("d", $"{SampleText.Word(_random)}-{SampleText.Word(_random)}");
        _tags.AddTag("title", SampleText.Sentence(_random, 4));
        _tags.AddTag("published_at", SampleText.Number(_now));
        _tags.AddTag("t", topic);
        return (30023, $"# {topic}\n\n{SampleText.Sentence(_random, 100 + _random.Zipf(1500))}\n");
    }

    private (int Kind, string Content) RelayList()
    {
        for (int i = 1 + _random.Below(4); i > 0; i--)
        {
            string relay = $"wss://relay{_random.Zipf(30)}.example/";
            if (_random.OneIn(2))
            {
                _tags.AddTag("r", relay);
            }
            else
            {
                _tags.AddTag("r", relay, _random.OneIn(2) ? "read" : "write");
            }
        }

        return (10002, "");
    }

    private (int Kind, string Content) NamedList()
    {
        // A missing d and an empty one are the same address.
        if (!_random.OneIn(10))
        {
            _tags.AddTag("d", _random.OneIn(10) ? "" : SampleText.Word(_random));
        }

        for (int i = _random.Below(20); i > 0; i--)
        {
            _tags.AddTag("p", PickKnownAuthor().Hex);
        }

        return (30000, "");
    }

    private (int Kind, string Content) Message()
    {
        _tags.AddTag("p", PickKnownAuthor().Hex);
        return (4, $"{SampleText.Cipher(_random, 16 * (1 + _random.Below(12)))}?iv={SampleText.Cipher(_random, 16)}");
    }

    private (int Kind, string Content) Receipt()
    {
        SampleAuthor receiver = PickKnownAuthor();
        _tags.AddTag("p", receiver.Hex);
        _tags.AddTag("bolt11", $"lnbc{1 + _random.Below(5000)}n1p{SampleText.Word(_random)}");
        string comment = SampleText.Word(_random);
        _tags.AddTag(
            "description", $$"""{"kind":9734,"content":"{{comment}}","tags":[["p","{{receiver.Hex}}"]]}""");
        return (9735, "");
    }

    private (int Kind, string Content) Deletion(SampleAuthor author)
    {
        for (int i = 1 + _random.Below(3); i > 0 && _past.Count > 0; i--)
        {
            Remembered target = PickPast();
            Remembered? own = _past.FindLast(p => p.Author == author) is { Id: not null } found ? found : null;
            target = own is { } mine && !_random.OneIn(4) ? mine : target;
            if (target.Address is { } address && _random.OneIn(2))
            {
                _tags.AddTag("a", address);
            }
            else
            {
                _tags.AddTag("e", target.Id);
            }

            _tags.AddTag("k", SampleText.Number(target.Kind));
        }

        return (5, _random.OneIn(2) ? "" : "posted by mistake");
    }

    private (int Kind, string Content) Ephemeral()
    {
        _tags.AddTag("d", SampleText.Word(_random));
        return (20000 + _random.Below(3), SampleText.Word(_random));
    }

    /// <summary>What the rules allow and programs forget.</summary>
    private (int Kind, string Content) Odd()
    {
        _tags.AddTag();
        _tags.AddTag("");
        _tags.AddTag("t", "");
        _tags.AddTag("Z", SampleText.Topic(_random), "", SampleText.Topic(_random));
        _tags.AddTag("-x-", new string('f', 15 + _random.Below(4)), new string('F', 16));
        _tags.AddTag("alt", new string('y', _random.Below(2000)));
        int kind = _random.Pick<int>([1063, 1111, 1984, 40, 42, 65535, 9999]);
        return (kind, SampleText.Sentence(_random, _random.Below(10)));
    }

    private SampleAuthor PickAuthor()
    {
        if (_authors.Count < MaxAuthors && (_authors.Count < 4 || _random.OneIn(EventsPerAuthor)))
        {
            _authors.Add(new SampleAuthor(schnorr, seed, _authors.Count));
            return _authors[^1];
        }

        return PickKnownAuthor();
    }

    private SampleAuthor PickKnownAuthor() => _authors[_random.Zipf(_authors.Count)];

    private Remembered PickPast() => _past[_random.Below(_past.Count)];

    private void Remember(SampleAuthor author, NostrEvent made, int kind)
    {
        if (kind is >= 20000 and < 30000)
        {
            return;
        }

        string? address = kind is >= 30000 and < 40000 ? $"{kind}:{author.Hex}:{FirstD(made.View)}" : null;
        var remembered = new Remembered(made.Id, author, kind, address);
        if (_past.Count < RememberedEvents)
        {
            _past.Add(remembered);
        }
        else
        {
            _past[(int)(_written % RememberedEvents)] = remembered;
        }
    }

    private static string FirstD(EventView view)
    {
        foreach (TagView tag in view.Tags)
        {
            if (tag.Count > 1 && tag.IsNamed((byte)'d'))
            {
                return tag[1].ToString();
            }
        }

        return "";
    }

    private readonly record struct Remembered(string Id, SampleAuthor Author, int Kind, string? Address);
}
