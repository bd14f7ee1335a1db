using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>Closes with a component what was made for it.</summary>
internal static class Owning
{
    /// <summary>Puts around a component that something goes when it is closed.</summary>
    public static T Around<T>(T component, IAsyncDisposable owned)
        where T : class, IStorageComponent => (T)(object)(component switch
        {
            IWriteAheadLog log => new Log(log, owned),
            IRecordStore records => new Records(records, owned),
            IIndexFamily index => new Index(index, owned),
            _ => component,
        });

    private sealed class Log(IWriteAheadLog inner, IAsyncDisposable owned) : LogDecorator(inner)
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync().ConfigureAwait(false);
            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Records(IRecordStore inner, IAsyncDisposable owned) : RecordDecorator(inner)
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync().ConfigureAwait(false);
            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Index(IIndexFamily inner, IAsyncDisposable owned) : IndexDecorator(inner)
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync().ConfigureAwait(false);
            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }
}
