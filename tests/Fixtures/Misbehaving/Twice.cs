namespace Mortise.Fixtures.Misbehaving;

/// <summary>A service that two classes claim to be.</summary>
public interface ITwice;

/// <inheritdoc/>
public sealed class Once : ITwice;

/// <inheritdoc/>
public sealed class Again : ITwice;
