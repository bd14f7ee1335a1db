namespace Mortise.Indexing;

/// <summary>Receives terms from an <see cref="ITermProjection"/>.</summary>
public interface ITermSink
{
    /// <summary>Takes one term.</summary>
    /// <param name="term">1 to <see cref="ITermProjection.MaxTermBytes"/> bytes; read before the call returns.</param>
    void Emit(ReadOnlySpan<byte> term);
}
