namespace Mortise.Bench;

/// <summary>What a run on somebody's own events measured.</summary>
/// <param name="Lines">Lines of the input that are events.</param>
/// <param name="Refused">Lines that are none, or whose id or signature is wrong.</param>
/// <param name="Stored">Events in the store afterwards, as its policy decided.</param>
/// <param name="VerificationBound">Events a second that all processors can check and do nothing else.</param>
/// <param name="VerifiedIngest">Events a second, parsed, checked and stored.</param>
/// <param name="PlainIngest">Events a second, parsed and stored, not checked.</param>
/// <param name="BytesPerEvent">Of all files of the closed store, a stored event.</param>
/// <param name="Requests">Requests that were answered.</param>
/// <param name="Results">Events in all answers together.</param>
/// <param name="P50">Median of a request, microseconds.</param>
/// <param name="P99">Of a request, microseconds.</param>
/// <param name="Wrong">Requests, by number from 0, whose answer was not that of a search of every event.</param>
public sealed record OwnEventsResult(
    long Lines,
    long Refused,
    long Stored,
    double VerificationBound,
    double VerifiedIngest,
    double PlainIngest,
    double BytesPerEvent,
    int Requests,
    long Results,
    double P50,
    double P99,
    IReadOnlyList<int> Wrong);
