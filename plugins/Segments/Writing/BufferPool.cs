namespace Mortise.Segments;

/// <summary>Recycles write buffers of one size; other sizes are left to the collector.</summary>
/// <remarks>Threads: any.</remarks>
internal sealed class BufferPool(int bufferBytes)
{
    private const int MaxKept = 8;

    private readonly Stack<byte[]> _free = new(MaxKept);

    public int BufferBytes => bufferBytes;

    public byte[] Rent(int atLeast)
    {
        if (atLeast > bufferBytes)
        {
            return GC.AllocateUninitializedArray<byte>(atLeast);
        }

        lock (_free)
        {
            if (_free.TryPop(out byte[]? buffer))
            {
                return buffer;
            }
        }

        return GC.AllocateUninitializedArray<byte>(bufferBytes);
    }

    public void Return(byte[] buffer)
    {
        lock (_free)
        {
            if (buffer.Length == bufferBytes && _free.Count < MaxKept)
            {
                _free.Push(buffer);
            }
        }
    }
}
