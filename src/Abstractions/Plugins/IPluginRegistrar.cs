using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Plugins;

/// <summary>Opens or creates one instance of a component.</summary>
/// <typeparam name="T">The contract.</typeparam>
/// <typeparam name="TOptions">The component's options, bound from the stack and validated.</typeparam>
/// <param name="context">The outside world.</param>
/// <param name="options">The options.</param>
/// <param name="cancellation">Stops opening; nothing stays held.</param>
public delegate ValueTask<T> ComponentOpener<T, in TOptions>(
    ComponentContext context, TOptions options, CancellationToken cancellation);

/// <summary>Takes the components of a plugin.</summary>
/// <remarks>
/// A component id is namespaced by its vendor, lower-case: <c>mortise.btree</c>, <c>acme.trie</c>. Options are a class
/// with settable properties of <see cref="string"/>, <see cref="bool"/>, whole and floating numbers, enums,
/// <see cref="TimeSpan"/>, <see cref="ByteSize"/> and lists of those; a property's value in a new instance is its
/// default. An options class may implement <see cref="IValidatedOptions"/>.
/// </remarks>
public interface IPluginRegistrar
{
    /// <summary>Adds a write-ahead log.</summary>
    /// <param name="descriptor">Its id and one-line description.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="examiner">Checks its files without opening it, or null.</param>
    void AddLog<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new();

    /// <summary>Adds a record store.</summary>
    /// <param name="descriptor">Its id and one-line description.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="examiner">Checks its files without opening it, or null.</param>
    void AddRecordStore<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new();

    /// <summary>Adds an index structure.</summary>
    /// <param name="descriptor">Its id and one-line description.</param>
    /// <param name="open">Opens one instance of it.</param>
    /// <param name="examiner">Checks its files without opening it, or null.</param>
    void AddIndexFamily<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new();

    /// <summary>Adds a cache policy.</summary>
    /// <param name="descriptor">Its id and one-line description.</param>
    /// <param name="create">Makes an instance; arguments: options, capacity in bytes, seed.</param>
    void AddCachePolicy<TOptions>(ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
        where TOptions : class, new();

    /// <summary>Adds a partition scheme.</summary>
    /// <param name="descriptor">Its id and one-line description.</param>
    /// <param name="create">Makes an instance from options.</param>
    void AddPartitionScheme<TOptions>(ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
        where TOptions : class, new();

    /// <summary>Adds a projection of records to terms.</summary>
    /// <param name="descriptor">Its id and one-line description.</param>
    /// <param name="create">Makes an instance from options.</param>
    /// <exception cref="NotSupportedException">The host has no use for projections.</exception>
    void AddTermProjection<TOptions>(ComponentDescriptor descriptor, Func<TOptions, ITermProjection> create)
        where TOptions : class, new() =>
        throw new NotSupportedException("this host takes no projections");
}
