namespace Mortise.Conformance;

/// <summary>The simulated power is gone: thrown by the operation at which it went and by every later one.</summary>
/// <remarks>Deliberately not a <see cref="StorageException"/>: a component must not be able to take the end of its
/// world for an error of the device and carry on.</remarks>
/// <param name="message">Which operation it was.</param>
public sealed class SimulatedPowerCutException(string message) : Exception(message);
