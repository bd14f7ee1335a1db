using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>What the relay can do, found out from the stack that is loaded and the rules in force.</summary>
internal sealed class RelayFeatures
{
    private RelayFeatures(bool search, IReadOnlyList<int> nips)
    {
        Search = search;
        Nips = nips;
    }

    /// <summary>Whether some family answers <c>search</c>.</summary>
    public bool Search { get; }

    /// <summary>The NIPs that are served, ascending.</summary>
    public IReadOnlyList<int> Nips { get; }

    public static RelayFeatures Of(EventStore store, EventPolicyOptions policy, RelayOptions options)
    {
        var nips = new List<int> { 1, 11, 42, 45 };
        Add(9, policy.HonourDeletions);
        Add(13, options.Admission.MinPow > 0);
        Add(40, policy.HonourExpiration);
        Add(50, store.CanSearch);
        Add(59, options.GuardGiftWraps);
        Add(62, policy.HonourVanish);
        Add(67, options.CompletenessHint);
        Add(70, policy.HonourProtection);
        Add(77, options.Negentropy);
        Add(86, options.Management.Admins.Count > 0);
        nips.Sort();
        return new RelayFeatures(store.CanSearch, nips);

        void Add(int nip, bool isServed)
        {
            if (isServed)
            {
                nips.Add(nip);
            }
        }
    }
}
