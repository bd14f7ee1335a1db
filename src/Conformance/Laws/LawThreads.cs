namespace Mortise.Conformance;

/// <summary>Threads of a law: what is found on one of them is the law's.</summary>
internal static class LawThreads
{
    /// <summary>Runs something on several threads at once, and waits for all of them.</summary>
    /// <param name="count">How many.</param>
    /// <param name="body">Told the thread's number, from 0.</param>
    /// <exception cref="LawBrokenException">One of them threw: the first of what was thrown.</exception>
    public static void Run(int count, Action<int> body)
    {
        Exception? first = null;
        Thread[] threads = new Thread[count];
        for (int t = 0; t < count; t++)
        {
            int number = t;
            threads[t] = new Thread(() =>
            {
                try
                {
                    body(number);
                }
#pragma warning disable CA1031 // Carried over to the law's own thread.
                catch (Exception thrown)
#pragma warning restore CA1031
                {
                    Interlocked.CompareExchange(ref first, thrown, null);
                }
            });
            threads[t].Start();
        }

        Array.ForEach(threads, static thread => thread.Join());
        if (first is not null)
        {
            throw first as LawBrokenException
                ?? new LawBrokenException($"unexpected {first.GetType().Name}: {first.Message}", first);
        }
    }
}
