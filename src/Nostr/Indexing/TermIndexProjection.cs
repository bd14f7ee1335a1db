using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>An index of words: length of the term (1), term (1 to 255), order (16). A key for each term that a plugin's
/// projection finds in an event.</summary>
internal sealed class TermIndexProjection : IEventProjection
{
    private const int MaxTermBytes = byte.MaxValue;

    [ThreadStatic]
    private static KeyWriter? s_writer;

    public TermIndexProjection(string name, ITermProjection terms)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(terms);
        if (terms.MaxTermBytes is < 1 or > MaxTermBytes)
        {
            throw new ArgumentException(
                $"{name} has terms of up to {terms.MaxTermBytes} bytes; 1 to {MaxTermBytes} are possible",
                nameof(terms));
        }

        Name = name;
        Terms = terms;
    }

    public string Name { get; }

    public ITermProjection Terms { get; }

    public int FormatVersion => Terms.FormatVersion;

    public LocationPlacement Placement => LocationPlacement.InKey;

    public int MaxKeyBytes => 1 + Terms.MaxTermBytes + OrderKey.Bytes;

    public void Project(ReadOnlySpan<byte> record, IKeySink sink)
    {
        EventView view = EventView.Open(record);
        KeyWriter writer = s_writer ??= new KeyWriter();
        writer.Begin(this, view, sink);
        Span<byte> kind = stackalloc byte[EventFields.KindBytes];
        Terms.Project(new EventFields(view, kind), writer);
        writer.End();
    }

    public void Offer(Filter filter, PathOffers offers)
    {
        if (filter.Search is { } search)
        {
            new SearchQuery(this, search).Offer(offers);
        }
    }

    /// <summary>Writes the beginning of a term's keys.</summary>
    /// <returns>Bytes written.</returns>
    public static int WritePrefix(ReadOnlySpan<byte> term, Span<byte> to)
    {
        to[0] = (byte)term.Length;
        term.CopyTo(to[1..]);
        return 1 + term.Length;
    }

    /// <summary>Refuses a term that a plugin must not emit.</summary>
    public void Check(ReadOnlySpan<byte> term)
    {
        if (term.Length < 1 || term.Length > Terms.MaxTermBytes)
        {
            throw new StorageException(
                StorageErrorCode.PluginFault,
                $"the projection {Name} emitted a term of {term.Length} bytes; it said 1 to {Terms.MaxTermBytes}",
                advice: $"this is a defect in the plugin's component {Name}");
        }
    }

    private sealed class KeyWriter : ITermSink
    {
        private readonly byte[] _key = new byte[1 + MaxTermBytes + OrderKey.Bytes];
        private TermIndexProjection? _projection;
        private IKeySink? _sink;
        private OrderKey _order;
        private long _createdAt;

        public void Begin(TermIndexProjection projection, in EventView @event, IKeySink sink)
        {
            _projection = projection;
            _sink = sink;
            _createdAt = @event.CreatedAt;
            _order = OrderKey.Of(@event.CreatedAt, @event.Id);
        }

        public void Emit(ReadOnlySpan<byte> term)
        {
            if (_sink is null)
            {
                throw new InvalidOperationException("terms are emitted during Project only");
            }

            _projection!.Check(term);
            int length = WritePrefix(term, _key);
            _order.Write(_key.AsSpan(length));
            _sink.Emit(_createdAt, _key.AsSpan(0, length + OrderKey.Bytes));
        }

        public void End()
        {
            _projection = null;
            _sink = null;
        }
    }
}
