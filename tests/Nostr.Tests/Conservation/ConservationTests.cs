namespace Mortise.Nostr.Tests;

/// <summary>No event is lost and none comes back, whatever happens to it and to the store: see <see cref="EventLife"/>.
/// <c>MORTISE_SOAK=334 dotnet test tests/Nostr.Tests -c Release --filter Conservation</c> lives 2,000 lives.</summary>
public sealed class ConservationTests
{
    private const int Lives = 6;
    private const int Steps = 60;

    [Fact]
    public async Task After_every_step_of_a_random_life_the_store_has_exactly_the_events_of_the_oracle()
    {
        ulong seed = (ulong)TestSeed.Or(4_711);
        int lives = TestSeed.Soaked(Lives);
        long cuts = 0;
        long reclaimed = 0;
        long replaced = 0;
        long expired = 0;
        for (int life = 0; life < lives; life++)
        {
            await using EventLife lived = await EventLife.LiveAsync(seed + (ulong)life, Steps);
            cuts += lived.PowerCuts;
            reclaimed += lived.Reclaimed;
            replaced += lived.Replaced;
            expired += lived.Expired;
        }

        // Each thing that the test is about has happened.
        Assert.True(cuts > lives, $"{cuts} power cuts");
        Assert.True(reclaimed > lives, $"{reclaimed} records reclaimed");
        Assert.True(replaced > lives, $"{replaced} versions replaced and events deleted");
        Assert.True(expired > lives / 2, $"{expired} events expired and removed");
    }
}
