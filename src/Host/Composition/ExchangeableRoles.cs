using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>The roles of all stacks whose plugins can be exchanged: who is named by none of them can be
/// unloaded.</summary>
/// <remarks>Knows roles without keeping them. Threads: under the owner's lock.</remarks>
internal sealed class ExchangeableRoles
{
    private readonly List<WeakReference<ResolvedComponent>> _roles = [];

    public void Add(IEnumerable<ResolvedComponent> roles)
    {
        _roles.RemoveAll(static r => !r.TryGetTarget(out _));
        _roles.AddRange(roles.Where(static r => r.Choice.CanSwap).Select(static r => new WeakReference<ResolvedComponent>(r)));
    }

    public void Remove(IEnumerable<ResolvedComponent> roles)
    {
        foreach (ResolvedComponent role in roles)
        {
            _roles.RemoveAll(r => !r.TryGetTarget(out ResolvedComponent? kept) || ReferenceEquals(kept, role));
        }
    }

    public bool IsPlayedBy(PluginOrigin plugin) =>
        _roles.Exists(r => r.TryGetTarget(out ResolvedComponent? role) && ReferenceEquals(role.Component.Plugin, plugin));
}
