using System.Buffers;

namespace Mortise.Cli.Commands;

/// <summary>Reads the id of an event from the command line.</summary>
internal static class EventIdArgument
{
    private const int IdBytes = 32;

    /// <summary>The 32 bytes of an id.</summary>
    /// <exception cref="BadInputException">It is not 64 hexadecimal digits.</exception>
    public static byte[] Parse(string text)
    {
        byte[] id = new byte[IdBytes];
        return text.Length == 2 * IdBytes
            && Convert.FromHexString(text, id, out _, out int written) == OperationStatus.Done
            && written == IdBytes
                ? id
                : throw new BadInputException($"'{text}' is not an id: 64 hexadecimal digits");
    }
}
