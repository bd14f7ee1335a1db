using Mortise.Conformance.Xunit;
using Mortise.Search.Words;

namespace Mortise.Nostr.Tests;

/// <summary>The laws that every projection of records to terms has to obey.</summary>
public sealed class WordsLawTests : PluginConformance<WordsPlugin>;
