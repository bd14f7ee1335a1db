using Mortise.Host.Composition;

namespace Mortise.Host.Tests.Composition;

/// <summary>H18: an instance comes from one state to the next as it should, and no other way.</summary>
public sealed class InstanceLifecycleTests
{
    private static readonly InstanceState[] s_states = Enum.GetValues<InstanceState>();

    // How to get anywhere from the beginning.
    private static readonly Dictionary<InstanceState, InstanceState[]> s_ways = new()
    {
        [InstanceState.Configured] = [],
        [InstanceState.Opening] = [InstanceState.Opening],
        [InstanceState.Open] = [InstanceState.Opening, InstanceState.Open],
        [InstanceState.Draining] = [InstanceState.Opening, InstanceState.Open, InstanceState.Draining],
        [InstanceState.Failed] = [InstanceState.Opening, InstanceState.Failed],
        [InstanceState.Closed] = [InstanceState.Closed],
    };

    private static readonly string[] s_allowed =
    [
        "Configured>Opening", "Configured>Closed",
        "Opening>Open", "Opening>Failed",
        "Open>Draining",
        "Draining>Draining", "Draining>Closed",
        "Failed>Closed",
        "Closed>Closed",
    ];

    [Fact]
    public void Of_all_pairs_of_states_these_are_ways_and_every_other_is_one_typed_error()
    {
        var ways = new List<string>();
        foreach (InstanceState from in s_states)
        {
            foreach (InstanceState to in s_states)
            {
                InstanceLifecycle lifecycle = At(from);
                if (Record.Exception(() => lifecycle.MoveTo(to)) is { } refused)
                {
                    LifecycleException e = Assert.IsType<LifecycleException>(refused);
                    Assert.Equal(("indexes/id/all", from, to), (e.Instance, e.From, e.To));
                    Assert.Equal(from, lifecycle.State);
                }
                else
                {
                    ways.Add($"{from}>{to}");
                    Assert.Equal(to, lifecycle.State);
                }
            }
        }

        Assert.Equal(s_allowed.Order(), ways.Order());
    }

    [Fact]
    public void Only_who_is_opening_open_or_draining_may_ask_for_anything()
    {
        foreach (InstanceState state in s_states)
        {
            InstanceLifecycle lifecycle = At(state);
            bool isAlive = state is InstanceState.Opening or InstanceState.Open or InstanceState.Draining;
            Exception? refused = Record.Exception(() => lifecycle.RequireAlive("set a timer"));
            Assert.Equal(isAlive, refused is null);
            if (!isAlive)
            {
                LifecycleException e = Assert.IsType<LifecycleException>(refused);
                Assert.Null(e.To);
                Assert.EndsWith("and cannot set a timer", e.Message, StringComparison.Ordinal);
            }
        }
    }

    private static InstanceLifecycle At(InstanceState state)
    {
        var lifecycle = new InstanceLifecycle("indexes/id/all");
        Array.ForEach(s_ways[state], lifecycle.MoveTo);
        return lifecycle;
    }
}
