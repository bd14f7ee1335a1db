namespace Mortise.Plugins;

/// <summary>Something wrong with an option's value.</summary>
/// <param name="Option">The property's name in C#, for example <c>PageSize</c>.</param>
/// <param name="Message">A lower-case fact with what is allowed: <c>must be 4KiB, 8KiB, 16KiB or 32KiB</c>.</param>
public readonly record struct OptionProblem(string Option, string Message);
