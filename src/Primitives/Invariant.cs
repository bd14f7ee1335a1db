using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Mortise.Primitives;

/// <summary>States what must be true; always on, also in release builds.</summary>
/// <remarks>A broken invariant is our own defect, never the caller's or the disk's: it stops the operation before it
/// can write anything. Use it per operation; inside loops over slots or bytes use
/// <see cref="Debug.Assert(bool)"/>.</remarks>
public static class Invariant
{
    /// <summary>Throws <see cref="InvalidOperationException"/> with the text of the fact when it does not
    /// hold.</summary>
    /// <param name="fact">One fact, stated positively.</param>
    /// <param name="text">Supplied by the compiler.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Holds(
        [DoesNotReturnIf(false)] bool fact,
        [CallerArgumentExpression(nameof(fact))] string? text = null)
    {
        if (!fact)
        {
            Throw(text);
        }
    }

    [DoesNotReturn]
    private static void Throw(string? text) =>
        throw new InvalidOperationException($"broken invariant: {text}; this is a defect in Mortise, please report it");
}
