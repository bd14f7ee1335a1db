using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Mortise.TestSupport;

/// <summary>Reads every metric at the moment at which it is published, as whoever collects them may.</summary>
internal sealed class ReadAtOnce : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, byte> _read = [];

    /// <summary>Begins.</summary>
    /// <param name="wanted">Whose metrics; tests run beside each other.</param>
    public ReadAtOnce(Func<Meter, bool> wanted)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (wanted(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
                listener.RecordObservableInstruments();
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, _, _, _) => _read[instrument.Name] = 0);
        _listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => _read[instrument.Name] = 0);
        _listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => _read[instrument.Name] = 0);
        _listener.Start();
    }

    /// <summary>Names of the metrics that were read.</summary>
    public ICollection<string> Read => _read.Keys;

    public void Dispose() => _listener.Dispose();
}
