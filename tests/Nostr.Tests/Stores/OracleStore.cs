namespace Mortise.Nostr.Tests;

/// <summary>The write policy as a list and a few sentences: the oracle for stores of real events.</summary>
internal sealed class OracleStore(long now)
{
    private readonly Dictionary<string, OracleEvent> _events = [];
    private readonly Dictionary<string, HashSet<OracleEvent>> _byAuthor = [];

    /// <summary>Seconds since 1970.</summary>
    public long Now { get; set; } = now;

    public IReadOnlyCollection<OracleEvent> Events => _events.Values;

    public PutOutcome Put(OracleEvent e)
    {
        if (e.Kind is >= 20000 and < 30000)
        {
            return PutOutcome.Ephemeral;
        }

        if (e.IsExpired(Now))
        {
            return PutOutcome.Expired;
        }

        if (_events.ContainsKey(e.Id))
        {
            return PutOutcome.Duplicate;
        }

        HashSet<OracleEvent> own = Own(e);
        List<OracleEvent> requests = own.Where(d => d.Kind == 5).ToList();
        if (e.Kind != 5 && e.Kind != 62 && requests.Exists(d => Names(d, e)))
        {
            return PutOutcome.Deleted;
        }

        List<OracleEvent> versions = Address(e) is { } address
            ? own.Where(v => v.Kind == e.Kind && Address(v) == address).ToList()
            : [];
        if (versions.Exists(v => !v.IsExpired(Now) && OracleFilter.Compare(v, e) < 0))
        {
            return PutOutcome.Superseded;
        }

        versions.ForEach(Remove);
        _events.Add(e.Id, e);
        own.Add(e);
        if (e.Kind == 5)
        {
            own.Where(t => Names(e, t)).ToList().ForEach(Remove);
        }

        return PutOutcome.Stored;
    }

    /// <summary>Another oracle in the same state.</summary>
    public OracleStore Copy()
    {
        var copy = new OracleStore(Now);
        foreach (OracleEvent e in _events.Values)
        {
            copy._events.Add(e.Id, e);
            copy.Own(e).Add(e);
        }

        return copy;
    }

    public void Remove(OracleEvent e)
    {
        _events.Remove(e.Id);
        Own(e).Remove(e);
    }

    private HashSet<OracleEvent> Own(OracleEvent e)
    {
        if (!_byAuthor.TryGetValue(e.Author, out HashSet<OracleEvent>? own))
        {
            _byAuthor.Add(e.Author, own = new HashSet<OracleEvent>(ReferenceEqualityComparer.Instance));
        }

        return own;
    }

    private static bool Names(OracleEvent request, OracleEvent target) =>
        target.Kind is not (5 or 62)
        && (request.HasTag("e", [target.Id])
            || (target.CreatedAt <= request.CreatedAt
                && Address(target) is { } address
                && request.HasTag("a", [address, address.EndsWith(':') && target.Kind < 30000 ? address[..^1] : address])));

    private static string? Address(OracleEvent e) => e.Kind switch
    {
        0 or 3 or (>= 10000 and < 20000) => $"{e.Kind}:{e.Author}:",
        >= 30000 and < 40000 => $"{e.Kind}:{e.Author}:{e.FirstValue("d")}",
        _ => null,
    };
}
