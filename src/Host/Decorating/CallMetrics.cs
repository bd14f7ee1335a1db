using System.Diagnostics.Metrics;
using Mortise.Components;
using Mortise.Primitives;

namespace Mortise.Host.Decorating;

/// <summary>The instruments of one decorated instance: calls, failures, bytes and times by operation.</summary>
/// <remarks>They belong to the instance's meter and go with it. While nobody listens, a call costs a few
/// loads.</remarks>
internal sealed class CallMetrics
{
    private readonly TimeProvider _time;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _bytes;
    private readonly Histogram<double> _duration;

    /// <summary>Makes the instruments.</summary>
    public CallMetrics(ComponentContext context)
    {
        _time = context.Time;
        _errors = context.Meter.CreateCounter<long>("mortise.component.errors", "{call}", "Calls that threw.");
        _bytes = context.Meter.CreateCounter<long>("mortise.component.bytes", "By", "Bytes handed over.");
        _duration = context.Meter.CreateHistogram(
            "mortise.component.duration", "s", "How long calls took.", null, MetricBuckets.Seconds);
    }

    /// <summary>Begins a call.</summary>
    /// <param name="operation">Its name: a constant.</param>
    public Call Begin(string operation) => new(this, operation, _duration.Enabled ? _time.GetTimestamp() : -1);

    /// <summary>A call under way; ends when it is disposed, as a failure unless <see cref="Succeed"/> was
    /// called.</summary>
    public struct Call(CallMetrics metrics, string operation, long began) : IDisposable
    {
        private bool _succeeded;

        /// <summary>The call came back.</summary>
        /// <param name="bytes">What it took or gave.</param>
        public void Succeed(long bytes = 0)
        {
            _succeeded = true;
            if (bytes > 0)
            {
                metrics._bytes.Add(bytes, new KeyValuePair<string, object?>("operation", operation));
            }
        }

        public readonly void Dispose()
        {
            var tag = new KeyValuePair<string, object?>("operation", operation);
            if (began >= 0)
            {
                metrics._duration.Record(metrics._time.GetElapsedTime(began).TotalSeconds, tag);
            }

            if (!_succeeded)
            {
                metrics._errors.Add(1, tag);
            }
        }
    }
}
