using System.Runtime.CompilerServices;
using Mortise.Components;
using Mortise.Conformance.Reports;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Indexing;
using Mortise.Plugins;

namespace Mortise.Conformance.Running;

/// <summary>A plugin that was loaded as a store would load it, and its components as subjects of the laws.</summary>
public sealed class PluginUnderTest
{
    private readonly Dictionary<string, object> _options = new(StringComparer.Ordinal);
    private readonly InstalledPlugin _installed;
    private readonly LoadedPlugin _loaded;
    private readonly IReadOnlyList<string> _settings;

    private PluginUnderTest(InstalledPlugin installed, LoadedPlugin loaded, IReadOnlyList<string> settings)
    {
        _installed = installed;
        _loaded = loaded;
        _settings = settings;
        Catalog = new SubjectCatalog((component, options) => Configure(component, options, settings));

        Entry(loaded).Register(Catalog);
        foreach (ComponentSubject<IIndexFamily> index in Catalog.IndexFamilies)
        {
            UseNativeFiles(index);
        }

        Catalog.LetUnload(name => use => UseInOwnContext(name, use));

        GoldenFolder.AddTo(Catalog, Path.Combine(installed.Folder, GoldenFolder.Name));
        foreach (PluginComponent component in loaded.Components)
        {
            object options = Activator.CreateInstance(component.OptionsType)!;
            Configure(component.Descriptor.Id, options, settings);
            _options.Add(component.Descriptor.Id, options);
        }
    }

    /// <summary>Its components.</summary>
    public SubjectCatalog Catalog { get; }

    /// <summary>What reports say of it.</summary>
    public PluginFacts Facts => new(
        _loaded.Origin.Id,
        _loaded.Origin.Version.ToNormalizedString(),
        _installed.Manifest.Contract.ToString(),
        _loaded.Origin.Sha256,
        _loaded.Origin.Bytes);

    /// <summary>Loads the plugin of a folder.</summary>
    /// <param name="folder">The folder with its <c>plugin.json</c>, or one that holds such folders of a single
    /// plugin: then the newest is taken.</param>
    /// <param name="settings">Options, each <c>component.key=value</c>.</param>
    /// <exception cref="PluginLoadException">It cannot be loaded.</exception>
    /// <exception cref="StackException">An option is wrong.</exception>
    public static PluginUnderTest Load(string folder, IReadOnlyList<string> settings)
    {
        InstalledPlugin installed = PluginCatalog.ReadFolder(Newest(folder));
        var loader = new PluginLoader(new PluginLoaderOptions { Log = new SilentLog() });
        return new PluginUnderTest(installed, loader.Load(installed), settings);
    }

    /// <summary>What a report says of a component, without verdicts.</summary>
    public SubjectReport Describe(SubjectLaws subject, string offers, IReadOnlyList<LawResult> results)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ComponentDescriptor descriptor =
            _loaded.Components.First(component => component.Descriptor.Id == subject.Name).Descriptor;
        return new SubjectReport
        {
            Component = subject.Name,
            Contract = subject.Contract,
            Summary = descriptor.Summary,
            Format = descriptor.FormatName.Length == 0 ? "" : descriptor.OldestReadableFormatVersion
                == descriptor.FormatVersion
                ? $"{descriptor.FormatName} {descriptor.FormatVersion}"
                : $"{descriptor.FormatName} {descriptor.FormatVersion}, reads from "
                    + $"{descriptor.OldestReadableFormatVersion}",
            Options = ComponentOptions.Show(_options[subject.Name]),
            Offers = offers,
            Results = results,
        };
    }

    /// <summary>A structure that opens files itself says so at the simulated disk; it gets a directory of the operating
    /// system's.</summary>
    private static void UseNativeFiles(ComponentSubject<IIndexFamily> index)
    {
        if (!Opens(index))
        {
            index.NativeFiles = NativeFiles.Of;
            index.NativeFiles = Opens(index) ? index.NativeFiles : null;
        }
    }

    /// <summary>See <see cref="ILawSubject.UseInOwnContext"/>.</summary>
    private string? UseInOwnContext(string component, Action<ILawSubject> use)
    {
        PluginUnload unload = UseAndUnload(component, use);
        return unload.Prove() ? null : unload.Explain() ?? unload.ToString();
    }

    /// <summary>Not inlined, so that no local variable of the caller still holds the plugin while it is looked
    /// for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private PluginUnload UseAndUnload(string component, Action<ILawSubject> use)
    {
        var loader = new PluginLoader(new PluginLoaderOptions { Log = new SilentLog() });
        LoadedPlugin loaded = loader.Load(_installed, canUnload: true);
        UseOnce(loaded, component, use);
        return loader.Unload(loaded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void UseOnce(LoadedPlugin loaded, string component, Action<ILawSubject> use)
    {
        var catalog = new SubjectCatalog((id, options) => Configure(id, options, _settings));
        Entry(loaded).Register(catalog);
        foreach (ComponentSubject<IIndexFamily> index in catalog.IndexFamilies)
        {
            UseNativeFiles(index);
        }

        use(catalog.All.First(subject => subject.Name == component));
    }

    /// <summary>The loader has seen that there is exactly one, with such a constructor.</summary>
    private static IPlugin Entry(LoadedPlugin loaded) => (IPlugin)Activator.CreateInstance(
        loaded.Assembly.GetExportedTypes().First(
            static type => !type.IsAbstract && typeof(IPlugin).IsAssignableFrom(type)))!;

    private static bool Opens(ComponentSubject<IIndexFamily> index)
    {
        try
        {
            index.Offers();
            return true;
        }
#pragma warning disable CA1031 // Why it does not open is told by every law.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private static string Newest(string folder)
    {
        string full = Path.GetFullPath(folder);
        if (!Directory.Exists(full) || File.Exists(Path.Combine(full, PluginManifest.FileName)))
        {
            return full;
        }

        string[] versions = Directory.GetDirectories(full)
            .Where(version => File.Exists(Path.Combine(version, PluginManifest.FileName))).ToArray();
        return versions.Length == 0
            ? full
            : versions.MaxBy(version => PluginCatalog.ReadFolder(version).Manifest.Version)!;
    }

    private static void Configure(string component, object options, IReadOnlyList<string> settings)
    {
        SmallOptions.ApplyTo(options);
        string prefix = component + ".";
        ComponentOptions.Set(
            options,
            settings.Where(setting => setting.StartsWith(prefix, StringComparison.Ordinal))
                .Select(setting => setting[prefix.Length..]),
            "--set");
    }

    private sealed class SilentLog : IComponentLog
    {
        public bool IsEnabled(ComponentLogLevel level) => false;

        public void Write(ComponentLogLevel level, string message, Exception? exception = null)
        {
        }
    }
}
