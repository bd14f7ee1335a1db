namespace Mortise.BTreeIndex;

/// <summary>Requests in the order of the calls; closed once, with a reason for whoever still waits.</summary>
/// <remarks>Threads: any. One consumer peeks, answers, and then removes.</remarks>
internal sealed class RequestQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<IndexRequest> _requests = new();
    private bool _isClosed;

    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _isClosed;
            }
        }
    }

    /// <summary>Adds a request.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public void Add(IndexRequest request)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(BTreeIndexFamily));
            _requests.Enqueue(request);
        }
    }

    /// <summary>The oldest request, or null.</summary>
    public IndexRequest? Peek()
    {
        lock (_gate)
        {
            _requests.TryPeek(out IndexRequest? request);
            return request;
        }
    }

    /// <summary>Removes the oldest one.</summary>
    public void Remove()
    {
        lock (_gate)
        {
            _requests.TryDequeue(out _);
        }
    }

    /// <summary>Takes no more requests, and fails those that wait.</summary>
    public void Close(Exception reason)
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        FailAll(reason);
    }

    /// <summary>Fails those that wait.</summary>
    public void FailAll(Exception reason)
    {
        IndexRequest[] open;
        lock (_gate)
        {
            open = [.. _requests];
            _requests.Clear();
        }

        foreach (IndexRequest request in open)
        {
            request.Done.TrySetException(reason);
        }
    }
}
