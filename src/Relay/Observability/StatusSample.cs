namespace Mortise.Relay;

/// <summary>The relay over a few seconds.</summary>
/// <param name="At">When, as a timestamp: a clock that is set does not move it.</param>
/// <param name="Accepted">Events accepted a second.</param>
/// <param name="Refused">Events refused a second.</param>
/// <param name="Sent">Events sent a second.</param>
/// <param name="Queries">Queries answered a second.</param>
/// <param name="AnswerP50">Seconds from an event to its OK, median; NaN when there was none.</param>
/// <param name="AnswerP99">The same, 99 %.</param>
/// <param name="QueryP50">Seconds of a query, median.</param>
/// <param name="QueryP99">The same, 99 %.</param>
/// <param name="Connections">Open connections.</param>
/// <param name="Subscriptions">Open subscriptions.</param>
/// <param name="MemoryBytes">Working set.</param>
/// <param name="CacheBytes">Held by caches.</param>
/// <param name="CacheHitRatio">Of the pages asked for, those that caches had; NaN when none was asked for.</param>
internal readonly record struct StatusSample(
    long At,
    double Accepted,
    double Refused,
    double Sent,
    double Queries,
    double AnswerP50,
    double AnswerP99,
    double QueryP50,
    double QueryP99,
    int Connections,
    int Subscriptions,
    long MemoryBytes,
    long CacheBytes,
    double CacheHitRatio);
