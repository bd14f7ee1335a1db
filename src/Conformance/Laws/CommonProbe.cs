using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>How the laws of every component are asked of one contract.</summary>
internal sealed class CommonProbe<T>
    where T : class, IStorageComponent
{
    /// <summary>Puts something in and makes it durable. Called with a growing round number.</summary>
    public required Action<Session<T>, int> Fill { get; init; }

    /// <summary>Puts something in without making it durable.</summary>
    public required Action<Session<T>, int> Change { get; init; }

    /// <summary>Makes the state durable.</summary>
    public required Func<T, CancellationToken, ValueTask> Persist { get; init; }

    /// <summary>All that it holds, as one text to compare.</summary>
    public required Func<T, string> Content { get; init; }

    /// <summary>Every member, as calls that need the component to be open.</summary>
    public required Func<T, IReadOnlyList<(string Name, Action Call)>> Calls { get; init; }

    /// <summary>Calls with arguments that no caller may pass.</summary>
    public required Func<T, IReadOnlyList<(string Name, Action Call)>> BadCalls { get; init; }

    /// <summary>Calls that take a token.</summary>
    public required Func<T, CancellationToken, IReadOnlyList<(
        string Name, Func<ValueTask> Call)>> Cancellable
    { get; init; }

    /// <summary>True when unusable files are a typed error at open; false when they make it empty, to be
    /// rebuilt.</summary>
    public required bool RefusesDamage { get; init; }
}
