using Mortise.Plugins;

namespace Mortise.Search.Words;

/// <summary>The plugin's entry point: <c>mortise.search.words</c>.</summary>
public sealed class WordsPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddTermProjection<WordsOptions>(
            new ComponentDescriptor
            {
                Id = "mortise.search.words",
                Summary = "the words of texts: runs of letters and digits, without case",
            },
            static options => new WordsProjection(options));
    }
}
