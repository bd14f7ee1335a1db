namespace Mortise.Conformance;

/// <summary>A change of names that is not yet durable.</summary>
/// <param name="Sequence">Its place among all changes of the disk.</param>
/// <param name="Node">The file or directory.</param>
/// <param name="From">The name it had; null when it is created.</param>
/// <param name="To">The name it gets; null when it is deleted.</param>
internal sealed record SimNameChange(long Sequence, object Node, string? From, string? To)
{
    /// <summary>Applies the change whole, or not at all when what it builds on is not there.</summary>
    public void TryApplyTo(SortedDictionary<string, object> names)
    {
        if (From is null)
        {
            names.TryAdd(To!, Node);
        }
        else if (names.TryGetValue(From, out object? there) && ReferenceEquals(there, Node))
        {
            names.Remove(From);
            if (To is not null)
            {
                names[To] = Node;
            }
        }
    }
}
