using System.Text;
using Mortise.Cli.Import;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary>Reads requests from the command line and from standard input.</summary>
internal static class FilterArguments
{
    /// <summary>What stands for standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>The filters of all arguments together; each argument is one filter or an array of filters.</summary>
    /// <exception cref="BadInputException">One is neither.</exception>
    public static IReadOnlyList<Filter> Parse(IReadOnlyList<string> arguments)
    {
        var filters = new List<Filter>();
        foreach (string argument in arguments)
        {
            filters.AddRange(ParseRequest(Encoding.UTF8.GetBytes(argument), "filter"));
        }

        return filters;
    }

    /// <summary>Refuses a search of a store that has no index of words.</summary>
    /// <exception cref="BadInputException">There is a search, and no index of words.</exception>
    public static void RequireAnswerable(EventStore store, IReadOnlyList<Filter> filters, string place = "filter")
    {
        if (!store.CanSearch && filters.Any(static f => f.Search is not null))
        {
            throw new BadInputException(
                $"{place}: 'search' needs an index of words, which this stack does not have; it takes a projection "
                + "such as mortise.search.words and a family that names it");
        }
    }

    /// <summary>Answers the requests on standard input, one a line, in order, as they arrive.</summary>
    /// <param name="context">The tool.</param>
    /// <param name="store">What is asked.</param>
    /// <param name="answer">Answers one request.</param>
    /// <param name="afterBatch">Called when every line that has arrived is answered: flush here.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="BadInputException">A line is no request. Those before it have been answered.</exception>
    public static async Task AnswerLinesAsync(
        CommandContext context,
        EventStore store,
        Action<IReadOnlyList<Filter>> answer,
        Action afterBatch,
        CancellationToken cancellation)
    {
        var source = new LineSource(context.Console.Input, fillsBatches: false);
        await foreach (LineBatch batch in source.ReadAsync(cancellation).ConfigureAwait(false))
        {
            using (batch)
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    string place = $"stdin:{batch.Number(i)}";
                    IReadOnlyList<Filter> request = ParseRequest(batch.Line(i).Span, place);
                    RequireAnswerable(store, request, place);
                    answer(request);
                }

                foreach (long number in batch.TooLong)
                {
                    throw new BadInputException($"stdin:{number}: longer than {LineSource.MaxLineBytes >> 20} MiB");
                }
            }

            afterBatch();
        }
    }

    internal static IReadOnlyList<Filter> ParseRequest(ReadOnlySpan<byte> json, string place)
    {
        try
        {
            return Filter.ParseRequest(json);
        }
        catch (FilterFormatException e)
        {
            throw new BadInputException($"{place}: {e.Message}");
        }
    }
}
