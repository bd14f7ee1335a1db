using System.Collections.Frozen;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>The bundled projections of events, by the names that stacks use. Their keys are laid out in
/// docs/index-keys.md.</summary>
public static class EventProjections
{
    /// <summary><c>id</c>: every store of events needs a family with it.</summary>
    public const string Id = "id";

    /// <summary><c>author-time</c>.</summary>
    public const string AuthorTime = "author-time";

    /// <summary><c>kind-time</c>.</summary>
    public const string KindTime = "kind-time";

    /// <summary><c>author-kind-time</c>.</summary>
    public const string AuthorKindTime = "author-kind-time";

    /// <summary><c>tag</c>.</summary>
    public const string Tag = "tag";

    /// <summary><c>tag-kind-time</c>.</summary>
    public const string TagKindTime = "tag-kind-time";

    /// <summary><c>tag-author-time</c>.</summary>
    public const string TagAuthorTime = "tag-author-time";

    /// <summary><c>address</c>.</summary>
    public const string Address = "address";

    /// <summary><c>deletion</c>.</summary>
    public const string Deletion = "deletion";

    /// <summary><c>expiration</c>.</summary>
    public const string Expiration = "expiration";

    /// <summary><c>time</c>.</summary>
    public const string Time = "time";

    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, IKeyProjection> All { get; } = new IKeyProjection[]
    {
        new IdProjection(),
        new AuthorTimeProjection(),
        new KindTimeProjection(),
        new AuthorKindTimeProjection(),
        new TagProjection(Tag, TagProjection.Second.None),
        new TagProjection(TagKindTime, TagProjection.Second.Kind),
        new TagProjection(TagAuthorTime, TagProjection.Second.Author),
        new AddressProjection(),
        new DeletionProjection(),
        new ExpirationProjection(),
        new TimeProjection(),
    }.ToFrozenDictionary(p => p.Name);

    /// <summary>Makes an index of words for the filters' <c>search</c> (NIP-50) of a plugin's projection to
    /// terms.</summary>
    /// <param name="name">What the store's manifest knows it by: the component's id.</param>
    /// <param name="terms">Sees the fields <c>content</c>; <c>kind</c>, 2 bytes big-endian; <c>pubkey</c> and
    /// <c>id</c>, 32 bytes each; and <c>#name</c>, the first values of the tags of that name.</param>
    /// <exception cref="ArgumentException">Its terms may be longer than 255 bytes.</exception>
    public static IEventProjection OfTerms(string name, ITermProjection terms) => new TermIndexProjection(name, terms);
}
