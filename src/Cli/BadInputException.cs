namespace Mortise.Cli;

/// <summary>The caller's input is not usable; the message says what and why.</summary>
internal sealed class BadInputException(string message) : Exception(message);
