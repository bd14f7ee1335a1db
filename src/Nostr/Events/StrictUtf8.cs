using System.Text;

namespace Mortise.Nostr;

/// <summary>UTF-8 that refuses lone surrogates instead of replacing them: what is signed must not change.</summary>
internal static class StrictUtf8
{
    private static readonly UTF8Encoding s_encoding =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">A lone surrogate.</exception>
    internal static byte[] GetBytes(string text) => s_encoding.GetBytes(text);
}
