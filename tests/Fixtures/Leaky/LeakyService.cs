namespace Mortise.Fixtures.Leaky;

/// <summary>A service of the plugin's own, for the container of an instance.</summary>
public interface ILeakyService;

/// <inheritdoc/>
public sealed class LeakyService : ILeakyService;
