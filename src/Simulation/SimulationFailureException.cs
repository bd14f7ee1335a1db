namespace Mortise.Simulation;

/// <summary>A promise that a store did not keep in a simulation.</summary>
/// <param name="message">Which, and where in the script.</param>
/// <param name="inner">The cause, or null.</param>
public sealed class SimulationFailureException(string message, Exception? inner = null) : Exception(message, inner);
