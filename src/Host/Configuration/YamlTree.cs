using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Mortise.Host.Configuration;

/// <summary>Reads the part of YAML that a stack needs: mappings, lists and single values.</summary>
/// <remarks>Anchors, aliases, tags and further documents are refused as events, before anything could be
/// expanded.</remarks>
internal static class YamlTree
{
    /// <summary>Reads a text.</summary>
    /// <param name="origin">The file's name, for positions.</param>
    /// <param name="text">The text.</param>
    /// <param name="problems">Receives what is wrong.</param>
    /// <returns>The tree, or null when the text has a problem that leaves none.</returns>
    public static ConfigNode? Parse(string origin, string text, ICollection<Problem> problems)
    {
        if (text.Length > ConfigTreeBuilder.MaxBytes)
        {
            problems.Add(new Problem(
                ProblemCode.TooLarge,
                new SourcePosition(origin),
                $"{text.Length} characters; the most is {ConfigTreeBuilder.MaxBytes}"));
            return null;
        }

        var builder = new ConfigTreeBuilder(problems);
        var scanner = new Scanner(new StringReader(text), skipComments: true);
        var parser = new Parser(scanner);
        try
        {
            int documents = 0;
            while (Advance(parser, scanner))
            {
                ParsingEvent current = parser.Current!;
                SourcePosition at = PositionOf(origin, current.Start);
                if (current is DocumentStart && ++documents > 1)
                {
                    problems.Add(new Problem(ProblemCode.NotAllowed, at, "a second document; a stack is one"));
                    return null;
                }

                if (Refused(current) is { } refused)
                {
                    problems.Add(new Problem(ProblemCode.NotAllowed, at, $"{refused}; write the value out"));
                    return null;
                }

                if (!Take(current, at, builder, problems))
                {
                    return null;
                }
            }
        }
        catch (YamlException e)
        {
            SourcePosition at = PositionOf(origin, e.Start);
            problems.Add(TabBehind(text, at) is { } tab
                ? new Problem(ProblemCode.Syntax, tab, "a tab: YAML indents with spaces")
                : new Problem(ProblemCode.Syntax, at, $"not YAML: {e.Message}"));
            return null;
        }

        return builder.Root ?? new ConfigMap(new SourcePosition(origin, 1, 1));
    }

    private static bool Take(
        ParsingEvent current, SourcePosition at, ConfigTreeBuilder builder, ICollection<Problem> problems)
    {
        switch (current)
        {
            case Scalar scalar when builder.ExpectsKey:
                builder.Key(scalar.Value, at);
                return true;
            case Scalar scalar:
                builder.Text(scalar.Value, scalar.Style != ScalarStyle.Plain, at);
                return true;
            case MappingStart or SequenceStart when builder.ExpectsKey:
                problems.Add(new Problem(ProblemCode.Syntax, at, "a key must be a single value"));
                return false;
            case MappingStart:
                return builder.OpenMap(at);
            case SequenceStart:
                return builder.OpenList(at);
            case MappingEnd or SequenceEnd:
                builder.Close();
                return true;
            default:
                return true;
        }
    }

    private static string? Refused(ParsingEvent current) => current switch
    {
        AnchorAlias alias => $"the alias *{alias.Value} is refused",
        NodeEvent { Anchor.IsEmpty: false } node => $"the anchor &{node.Anchor} is refused",
        NodeEvent { Tag.IsEmpty: false } node => $"the tag {node.Tag} is refused",
        DocumentStart { IsImplicit: false, Version: not null } => "the directive %YAML is refused",
        _ => null,
    };

    /// <summary>The library's scanner fails on some texts with exceptions of other types.</summary>
    private static bool Advance(Parser parser, Scanner scanner)
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            Mark here = scanner.CurrentPosition;
            throw new YamlException(here, here, "the text cannot be understood here", e);
        }
    }

    /// <summary>The first indentation with a tab at or after a line, which the library reports elsewhere.</summary>
    private static SourcePosition? TabBehind(string text, SourcePosition from)
    {
        string[] lines = text.Split('\n');
        for (int i = Math.Max(0, from.Line - 1); i < lines.Length; i++)
        {
            string line = lines[i].TrimStart(' ');
            if (line.StartsWith('\t') && line.Trim().Length > 0)
            {
                return new SourcePosition(from.Origin, i + 1, lines[i].Length - line.Length + 1);
            }
        }

        return null;
    }

    private static SourcePosition PositionOf(string origin, Mark mark) => new(origin, (int)mark.Line, (int)mark.Column);
}
