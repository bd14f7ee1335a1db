namespace Mortise.Bench;

/// <summary>The stack that is measured beside rivals: the families that they keep, and nothing they do not.</summary>
public static class BenchStack
{
    /// <summary>The stack with its rules for events: every event is kept.</summary>
    public const string Text = Parts + Rules;

    /// <summary>The stack alone, for a program that knows no events.</summary>
    public const string Parts = """
        engine:
          checkpointBytes: 256MiB
          bodiesOnceFrom: 64KiB
        wal:
          plugin: mortise.wal
          version: ^1.0
        records:
          plugin: mortise.segments
          version: ^1.0
        cache:
          plugin: mortise.cache.lru
          version: ^1.0
          budget: 512MiB
        partitions:
          all:
            plugin: mortise.partition.none
            version: ^1.0
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
          kind-time:
            projection: kind-time
            plugin: mortise.btree
            version: ^1.0
            partition: all
          tag:
            projection: tag
            plugin: mortise.btree
            version: ^1.0
            partition: all

        """;

    private const string Rules = """
        nostr:
          superseded: keepAll
          honourDeletions: false
          honourExpiration: false
          honourVanish: false

        """;
}
