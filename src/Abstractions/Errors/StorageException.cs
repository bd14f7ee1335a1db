namespace Mortise;

/// <summary>The one exception type that storage components throw for everything that is the world's fault.</summary>
/// <remarks>
/// Caller mistakes are the <see cref="ArgumentException"/> family and change nothing; our own broken invariants are
/// <see cref="InvalidOperationException"/>. Plugins throw this type, never a type of their own: a private exception
/// type would pin the plugin's load context and slip past every catch.
/// </remarks>
/// <param name="code">What kind of failure this is.</param>
/// <param name="message">A lower-case fact with expected and found values, without file and offset.</param>
/// <param name="file">The file concerned, relative to the store, or null.</param>
/// <param name="offset">Byte offset in <paramref name="file"/>, or -1.</param>
/// <param name="advice">What the person can do, or null.</param>
/// <param name="inner">The cause, or null.</param>
public sealed class StorageException(
    StorageErrorCode code,
    string message,
    string? file = null,
    long offset = -1,
    string? advice = null,
    Exception? inner = null) : IOException(Compose(message, file, offset, advice), inner)
{
    /// <summary>What kind of failure this is.</summary>
    public StorageErrorCode Code { get; } = code;

    /// <summary>The file concerned, relative to the store, or null.</summary>
    public string? File { get; } = file;

    /// <summary>Byte offset in <see cref="File"/>, or -1.</summary>
    public long Offset { get; } = offset;

    /// <summary>What the person can do, or null.</summary>
    public string? Advice { get; } = advice;

    /// <summary>True when the same call may succeed later without a reopen.</summary>
    public bool IsRetryable =>
        Code is StorageErrorCode.NoSpace or StorageErrorCode.TooManyFiles or StorageErrorCode.Locked;

    /// <summary>Stored bytes contradict their checksum or format.</summary>
    public static StorageException Corrupt(string file, long offset, string fact) =>
        new(StorageErrorCode.Corrupt, fact, file, offset);

    /// <summary>An earlier failure closed the component for writing.</summary>
    public static StorageException Faulted(string component, Exception cause) =>
        new(
            StorageErrorCode.Faulted,
            $"{component} refuses writes after a failure until it is reopened: {cause.Message}",
            inner: cause);

    private static string Compose(string message, string? file, long offset, string? advice)
    {
        string place = file is null ? "" : offset < 0 ? $"{file}: " : $"{file}, offset {offset}: ";
        return advice is null ? place + message : $"{place}{message}; {advice}";
    }
}
