using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>Collects terms, and holds what emits them to the contract.</summary>
/// <param name="maxTermBytes">What the projection says.</param>
internal sealed class TermBag(int maxTermBytes) : ITermSink
{
    private readonly Thread _caller = Thread.CurrentThread;
    private bool _isClosed;

    /// <summary>Each term once, in hexadecimal.</summary>
    public SortedSet<string> Terms { get; } = new(StringComparer.Ordinal);

    /// <summary>What was emitted and may not be; null when all was right.</summary>
    public string? Broken { get; private set; }

    /// <summary>True when a term came from another thread, or too late.</summary>
    public bool IsForeign { get; private set; }

    /// <summary>Thrown at the first term; null to take it.</summary>
    public Exception? Throws { get; init; }

    public void Emit(ReadOnlySpan<byte> term)
    {
        if (Throws is not null)
        {
            throw Throws;
        }

        IsForeign |= _isClosed || Thread.CurrentThread != _caller;
        if (term.Length < 1 || term.Length > maxTermBytes)
        {
            Broken ??= $"a term of {term.Length} bytes; MaxTermBytes is {maxTermBytes}";
        }

        Terms.Add(Convert.ToHexStringLower(term));
    }

    /// <summary>The call is over.</summary>
    public TermBag Close()
    {
        _isClosed = true;
        return this;
    }
}
