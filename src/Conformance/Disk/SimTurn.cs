namespace Mortise.Conformance;

/// <summary>What the disk decided about one operation.</summary>
/// <param name="Effect">The fault it meets, or null. Plain failures have been thrown already.</param>
/// <param name="Cut">Why the power goes once the operation has changed the cache, or null.</param>
internal readonly record struct SimTurn(SimFaultEffect? Effect, string? Cut)
{
    public void ThrowIfCut()
    {
        if (Cut is not null)
        {
            throw new SimulatedPowerCutException(Cut);
        }
    }
}
