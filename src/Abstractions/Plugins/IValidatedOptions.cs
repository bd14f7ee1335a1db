namespace Mortise.Plugins;

/// <summary>Options that check themselves beyond what their types say.</summary>
public interface IValidatedOptions
{
    /// <summary>All that is wrong, not only the first.</summary>
    IEnumerable<OptionProblem> Validate();
}
