using Mortise.Host.Memory;

namespace Mortise.Relay;

/// <summary>Keeps how the relay did over the last ten minutes, for the dashboard.</summary>
internal sealed class StatusHistory : IDisposable
{
    private const int Samples = 300;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private readonly NostrRelay _relay;
    private readonly CacheBudget? _cache;
    private readonly Lock _gate = new();
    private readonly Queue<StatusSample> _samples = new();
    private readonly ITimer _timer;
    private Totals _last;
    private long _lastAt;

    public StatusHistory(NostrRelay relay, CacheBudget? cache)
    {
        _relay = relay;
        _cache = cache;
        _last = Totals.Of(relay.Metrics, cache);
        _lastAt = relay.Time.GetTimestamp();
        _timer = relay.Time.CreateTimer(static state => ((StatusHistory)state!).Sample(), this, s_interval, s_interval);
    }

    /// <summary>The samples, oldest first.</summary>
    public StatusSample[] Recent
    {
        get
        {
            lock (_gate)
            {
                return [.. _samples];
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        lock (_gate)
        {
            Totals now = Totals.Of(_relay.Metrics, _cache);
            long at = _relay.Time.GetTimestamp();
            double seconds = Math.Max(1e-3, _relay.Time.GetElapsedTime(_lastAt, at).TotalSeconds);
            long[] answers = Difference(now.Answers, _last.Answers);
            long[] queries = Difference(now.Queries, _last.Queries);
            long pages = now.Hits - _last.Hits + now.Misses - _last.Misses;
            _samples.Enqueue(new StatusSample(
                at,
                (now.Accepted - _last.Accepted) / seconds,
                (now.Refused - _last.Refused) / seconds,
                (now.Sent - _last.Sent) / seconds,
                queries.Sum() / seconds,
                LogHistogram.Quantile(answers, 0.5),
                LogHistogram.Quantile(answers, 0.99),
                LogHistogram.Quantile(queries, 0.5),
                LogHistogram.Quantile(queries, 0.99),
                _relay.Connections.Count,
                _relay.Live.Count,
                Environment.WorkingSet,
                _cache?.Shares.Sum(static s => s.ResidentBytes) ?? 0,
                pages <= 0 ? double.NaN : (now.Hits - _last.Hits) / (double)pages));
            if (_samples.Count > Samples)
            {
                _samples.Dequeue();
            }

            (_last, _lastAt) = (now, at);
        }
    }

    private static long[] Difference(long[] now, long[] before)
    {
        long[] difference = new long[now.Length];
        for (int i = 0; i < now.Length; i++)
        {
            difference[i] = now[i] - before[i];
        }

        return difference;
    }

    private readonly record struct Totals(
        long Accepted, long Refused, long Sent, long Hits, long Misses, long[] Answers, long[] Queries)
    {
        public static Totals Of(RelayMetrics metrics, CacheBudget? cache)
        {
            IReadOnlyList<CacheShare> shares = cache?.Shares ?? [];
            return new Totals(
                metrics.AcceptedTotal,
                metrics.RefusedTotal,
                metrics.SentTotal,
                shares.Sum(static s => s.Hits),
                shares.Sum(static s => s.Misses),
                metrics.AnswerTimes.Snapshot(),
                metrics.QueryTimes.Snapshot());
        }
    }
}
