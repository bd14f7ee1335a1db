namespace Mortise.Nostr;

/// <summary>The entries that two streams have in common; each leaps to where the other is.</summary>
/// <param name="first">Begun and ended by whoever owns it, as the second one.</param>
/// <param name="second">The other.</param>
internal sealed class IntersectStream(MergeStream first, MergeStream second) : EntryStream
{
    private Entry _second;
    private bool _hasSecond;

    public override long Examined => first.Examined + second.Examined;

    public override long Partitions => first.Partitions + second.Partitions;

    public override bool MoveNext(out Entry entry)
    {
        bool found = first.MoveNext(out entry);
        while (found)
        {
            if (!_hasSecond || _second.IsBefore(entry))
            {
                _hasSecond = _hasSecond ? second.SeekTo(entry, out _second) : second.MoveNext(out _second);
                if (!_hasSecond)
                {
                    return false;
                }
            }
            else if (entry.IsBefore(_second))
            {
                found = first.SeekTo(_second, out entry);
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    public override ReadOnlySpan<byte> Inline(in Entry entry) => first.Inline(entry);

    public override void End()
    {
        base.End();
        _hasSecond = false;
    }
}
