using Mortise.Conformance;

namespace Mortise.Engine.Tests.Observation;

/// <summary>A long opening says how far it is, whatever its items are.</summary>
public sealed class OpeningWatchTests
{
    [Fact]
    public void A_few_large_items_are_told_as_often_as_many_small_ones()
    {
        foreach ((int items, double secondsEach) in ((int, double)[])[(10, 1), (10_000, 0.001)])
        {
            using var world = new SimWorld(1);
            var heard = new Heard();
            var watch = new OpeningWatch(new StoreObserver([heard], world.Log), world.Log, world.Clock);
            watch.Enter(OpeningPhase.Replay, items);
            for (int i = 0; i < items; i++)
            {
                world.Clock.Advance(TimeSpan.FromSeconds(secondsEach));
                watch.Advance();
            }

            // A few times a second, but not for each item.
            Assert.InRange(heard.Replayed.Count, 10, 60);
            Assert.True(heard.Replayed[^1] > items * 0.9, $"{items} items: the last told was {heard.Replayed[^1]}");
            Assert.Contains(
                world.Log.Messages, static m => m.Message.StartsWith("opening, replay: ", StringComparison.Ordinal));
        }
    }

    private sealed class Heard : IStoreListener
    {
        public List<long> Replayed { get; } = [];

        public void OnOpening(OpeningProgress progress) => Replayed.Add(progress.Done);
    }
}
