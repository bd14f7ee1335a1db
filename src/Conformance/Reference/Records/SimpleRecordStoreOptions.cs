namespace Mortise.Reference;

/// <summary>Options of <see cref="SimpleRecordStore"/>: none.</summary>
public sealed class SimpleRecordStoreOptions;
