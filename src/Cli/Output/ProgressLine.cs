namespace Mortise.Cli.Output;

/// <summary>One line on a terminal that is overwritten as work goes on; nothing when there is no terminal.</summary>
internal sealed class ProgressLine(ToolConsole console, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private long _last;
    private int _width;

    /// <summary>Shows a text, at most ten times a second.</summary>
    public void Show(Func<string> text)
    {
        if (console.ShowsProgress && (_last == 0 || time.GetElapsedTime(_last) >= s_pause))
        {
            _last = time.GetTimestamp();
            Draw(text());
        }
    }

    /// <summary>Wipes the line, so that something else can be written.</summary>
    public void Clear()
    {
        if (_width > 0)
        {
            Draw("");
            console.Error.Write('\r');
            _width = 0;
        }
    }

    private void Draw(string text)
    {
        console.Error.Write('\r' + text.PadRight(_width));
        _width = text.Length;
    }
}
