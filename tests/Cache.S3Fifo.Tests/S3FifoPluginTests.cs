namespace Mortise.Cache.S3Fifo.Tests;

public sealed class S3FifoPluginTests() : CachePluginTests<S3FifoPlugin>("s3fifo", "Cache.S3Fifo");
