using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Puts together the stores that a run needs: the stack under test, in a folder, with a sync mode. When it
/// returns, the stack is read, and its plugins are checked, loaded and made.</summary>
/// <param name="folder">Where the store is or will be.</param>
/// <param name="mode">What an acknowledgement promises.</param>
/// <param name="checkpoints">False for a store whose log is never given up: to measure recovery.</param>
/// <returns>Opens the store; the caller disposes it.</returns>
public delegate Func<ValueTask<EventStore>> BenchStores(string folder, SyncMode mode, bool checkpoints);
