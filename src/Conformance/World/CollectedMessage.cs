using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>One message of a component.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Message">The fact.</param>
/// <param name="Exception">Its cause, or null.</param>
public readonly record struct CollectedMessage(ComponentLogLevel Level, string Message, Exception? Exception);
