namespace Mortise.Host.Configuration;

/// <summary>A stack cannot be used. Holds everything that is wrong, not only the first thing.</summary>
/// <param name="problems">At least one; sorted here.</param>
public sealed class StackException(IEnumerable<Problem> problems) : Exception
{
    /// <summary>What is wrong, in the order of the file.</summary>
    public IReadOnlyList<Problem> Problems { get; } = Problem.Sorted(problems);

    /// <summary>One line per problem: <c>file:line:column: message</c>.</summary>
    public override string Message => string.Join(Environment.NewLine, Problems);

    /// <summary>One line per problem, without a stack trace: the cause is in the file, not in the code.</summary>
    public override string ToString() => Message;

    /// <summary>Throws when there is any problem.</summary>
    public static void ThrowIfAny(IReadOnlyCollection<Problem> problems)
    {
        if (problems.Count > 0)
        {
            throw new StackException(problems);
        }
    }
}
