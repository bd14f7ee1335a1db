using System.Globalization;
using System.Text;

namespace Mortise.Bench.Compare;

/// <summary>Small plots, one a quantity, over the number of events on a logarithmic axis, as SVG.</summary>
internal static class GrowthLines
{
    private const int Columns = 3;
    private const int CellWidth = 300;
    private const int CellHeight = 200;
    private const int Left = 62;
    private const int Top = 40;
    private const int PlotWidth = CellWidth - Left - 24;
    private const int PlotHeight = CellHeight - Top - 40;

    public static string Draw(IReadOnlyList<(string Title, (double Events, double Value)[] Points)> plots)
    {
        int rows = (plots.Count + Columns - 1) / Columns;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Columns * CellWidth} {rows * CellHeight}"
              font-family="sans-serif" font-size="11">
            <rect width="100%" height="100%" fill="#ffffff"/>

            """);
        for (int i = 0; i < plots.Count; i++)
        {
            Append(svg, plots[i].Title, plots[i].Points, i % Columns * CellWidth, i / Columns * CellHeight);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Append(
        StringBuilder svg, string title, (double Events, double Value)[] points, int x0, int y0)
    {
        double most = RoundUp(points.Max(static p => p.Value) * 1.05);
        double first = Math.Log10(points[0].Events);
        double span = Math.Max(1e-9, Math.Log10(points[^1].Events) - first);
        int bottom = y0 + Top + PlotHeight;
        svg.Append(CultureInfo.InvariantCulture, $"""
            <text x="{x0 + Left}" y="{y0 + 24}" font-size="13" fill="#222">{title}</text>
            <line x1="{x0 + Left}" x2="{x0 + Left + PlotWidth}" y1="{bottom}" y2="{bottom}" stroke="#999"/>

            """);
        for (int tick = 0; tick <= 2; tick++)
        {
            double value = most * tick / 2;
            double y = bottom - (PlotHeight * tick / 2.0);
            svg.Append(CultureInfo.InvariantCulture, $"""
                <text x="{x0 + Left - 6}" y="{y + 4:F1}" text-anchor="end" fill="#666">{Short(value)}</text>
                <line x1="{x0 + Left}" x2="{x0 + Left + PlotWidth}" y1="{y:F1}" y2="{y:F1}" stroke="#eee"/>

                """);
        }

        var path = new StringBuilder();
        foreach ((double events, double value) in points)
        {
            double x = x0 + Left + (PlotWidth * (Math.Log10(events) - first) / span);
            double y = bottom - (PlotHeight * value / most);
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? "M" : "L")}{x:F1} {y:F1}");
            svg.Append(CultureInfo.InvariantCulture, $"""
                <circle cx="{x:F1}" cy="{y:F1}" r="3.5" fill="#2f6f8f"/>
                <text x="{x:F1}" y="{bottom + 16}" text-anchor="middle" fill="#666">{Short(events)}</text>

                """);
        }

        svg.Append(CultureInfo.InvariantCulture, $"""
            <path d="{path}" fill="none" stroke="#2f6f8f" stroke-width="2"/>

            """);
    }

    /// <summary>The next number above that is pleasant to halve.</summary>
    private static double RoundUp(double value)
    {
        double unit = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return unit * new[] { 1, 1.2, 1.6, 2, 3, 4, 6, 8, 10 }.First(step => step * unit >= value);
    }

    private static string Short(double value) => value switch
    {
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
        >= 1e3 => (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k",
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
