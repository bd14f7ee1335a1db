namespace Mortise.Conformance;

/// <summary>One law of a contract, as data.</summary>
public sealed class Law
{
    /// <summary>A stable id, never reused: <c>WL3</c>. Unique within its contract.</summary>
    public required string Id { get; init; }

    /// <summary>The contract.</summary>
    public required LawContract Contract { get; init; }

    /// <summary>Which laws are checked together, in one process: <c>crash</c>, <c>damage</c>.</summary>
    public string Group { get; internal set; } = "";

    /// <summary>How binding it is.</summary>
    public LawLevel Level { get; init; } = LawLevel.Must;

    /// <summary>What a subject must offer for it to apply.</summary>
    public LawNeeds Needs { get; init; }

    /// <summary>What a subject must not offer for it to apply: the law then says how the refusal looks.</summary>
    public LawNeeds Without { get; init; }

    /// <summary>The law in a sentence.</summary>
    public required string Text { get; init; }

    /// <summary>The contract version that it came with.</summary>
    public string Since { get; init; } = "1.0";

    /// <summary>The id and the text.</summary>
    public override string ToString() => $"{Id}: {Text}";
}
