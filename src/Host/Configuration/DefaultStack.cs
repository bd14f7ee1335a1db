namespace Mortise.Host.Configuration;

/// <summary>The stack that <c>mortise init</c> writes.</summary>
public static class DefaultStack
{
    /// <summary>Overrides that turn the archive into a relay's store.</summary>
    public static IReadOnlyList<string> RelayRules { get; } =
    [
        "nostr.superseded=drop", "nostr.honourDeletions=true", "nostr.honourExpiration=true",
        "nostr.honourVanish=true", "nostr.honourProtection=true",
    ];

    /// <summary>A commented stack of the bundled plugins with nine index families.</summary>
    public const string Text = """
        # A Mortise stack: which plugin plays which role in a store, and with which options.
        #
        #   plugin:  the id of a component; `mortise plugins list` shows those that are there
        #   version: the versions that are accepted: ^1.0 is 1.0.0 up to and without 2.0.0
        #
        # Sizes have units (4096, 8KiB, 64MiB, 1GiB), times too (100ms, 5s, 5m, 1h, 7d).
        # `mortise stack validate` checks this file, `mortise stack show` prints every value with its origin,
        # and --set KEY=VALUE overrides one value, for example --set wal.syncMode=always.

        # Further folders to look for plugins in, each laid out as NAME/VERSION/plugin.json.
        plugins: []

        engine:
          checkpointBytes: 128MiB     # a checkpoint after this much log ...
          checkpointInterval: 5m      # ... or after this time, when something was written

        # The log makes a write durable.
        wal:
          plugin: mortise.wal
          version: ^1.0
          syncMode: batch             # always: on disk before the answer; batch: soon after; never: when the OS likes
          batchInterval: 100ms        # batch: the longest time that a power cut can take back
          batchBytes: 4MiB            # batch: the most log that a power cut can take back
          segmentSize: 64MiB

        # The records themselves.
        records:
          plugin: mortise.segments
          version: ^1.0
          segmentSize: 256MiB

        # What leaves memory first when the budget is used up.
        cache:
          plugin: mortise.cache.lru
          version: ^1.0
          budget: 256MiB

        # How an index is split; each family below names one of these.
        partitions:
          all:
            plugin: mortise.partition.none
            version: ^1.0

        # Index families: a projection says which keys an event has, a plugin how they are kept.
        # Leave one out and queries still work, by another index or by a scan. Add one to a store and it is built.
        indexes:
          id:
            projection: id
            plugin: mortise.btree
            version: ^1.0
            partition: all
          author-time:
            projection: author-time
            plugin: mortise.btree
            version: ^1.0
            partition: all
            inlineBelow: 0            # records up to this size are kept in the index itself: faster, larger
          kind-time:
            projection: kind-time
            plugin: mortise.btree
            version: ^1.0
            partition: all
          author-kind-time:
            projection: author-kind-time
            plugin: mortise.btree
            version: ^1.0
            partition: all
          tag:
            projection: tag
            plugin: mortise.btree
            version: ^1.0
            partition: all
          address:
            projection: address
            plugin: mortise.btree
            version: ^1.0
            partition: all
          deletion:
            projection: deletion
            plugin: mortise.btree
            version: ^1.0
            partition: all
          expiration:
            projection: expiration
            plugin: mortise.btree
            version: ^1.0
            partition: all
          time:
            projection: time
            plugin: mortise.btree
            version: ^1.0
            partition: all

        # Which wishes of authors the store follows. As written it is an archive: everything that is signed and not
        # ephemeral is kept and found. A relay's rules, which are also those of a stack without this section, are:
        # superseded: drop, and true for the rest.
        nostr:
          superseded: keepAll         # NIP-01: older versions of replaceable and addressable events: drop, keepSome
                                      # (the newest keptVersions, 10) or keepAll
          honourDeletions: false      # NIP-09: deletion requests delete
          honourExpiration: false     # NIP-40: what has expired is refused and hidden
          honourVanish: false         # NIP-62: requests to vanish delete
          honourProtection: true      # NIP-70: others than the author may not publish a protected event

        """;
}
