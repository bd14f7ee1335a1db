using Mortise.Indexing;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>A snapshot whose order of keys is that of signed bytes, as a careless comparison gives it.</summary>
internal sealed class SignedOrder(IIndexSnapshot inner) : SnapshotDecorator(inner)
{
    public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
    {
        var entries = new List<(byte[] Key, byte[] Value)>();
        using IIndexCursor all = Inner.OpenCursor(KeyRange.All, ScanDirection.Forward);
        while (all.MoveNext())
        {
            bool isWanted = Compare(all.Key, range.Start) >= 0
                && (range.End.IsEmpty || Compare(all.Key, range.End) < 0);
            if (isWanted)
            {
                entries.Add((all.Key.ToArray(), all.Value.ToArray()));
            }
        }

        int sign = direction == ScanDirection.Forward ? 1 : -1;
        entries.Sort((a, b) => sign * Compare(a.Key, b.Key));
        return new ListCursor(entries, sign);
    }

    private static int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
            {
                return ((sbyte)a[i]).CompareTo((sbyte)b[i]);
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    private sealed class ListCursor(List<(byte[] Key, byte[] Value)> entries, int sign) : IIndexCursor
    {
        private int _at = -1;

        public ReadOnlySpan<byte> Key => entries[_at].Key;

        public ReadOnlySpan<byte> Value => entries[_at].Value;

        public bool MoveNext() => _at < entries.Count && ++_at < entries.Count;

        public bool Seek(ReadOnlySpan<byte> key)
        {
            _at = Math.Max(_at, 0);
            while (_at < entries.Count && sign * Compare(entries[_at].Key, key) < 0)
            {
                _at++;
            }

            return _at < entries.Count;
        }

        public void Dispose()
        {
        }
    }
}
