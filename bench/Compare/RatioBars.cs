using System.Globalization;
using System.Text;

namespace Mortise.Bench.Compare;

/// <summary>Horizontal bars of ratios on a logarithmic axis around 1, as SVG.</summary>
internal static class RatioBars
{
    private const string Heading = "Times better than the best rival, same machine, same run";
    private const int Width = 900;
    private const int LabelWidth = 330;
    private const int RowHeight = 24;
    private const int Top = 46;
    private const double LeastRatio = 1.0 / 16;
    private const double MostRatio = 32;

    /// <summary>Room that a figure takes beside its bar.</summary>
    private const int FigureWidth = 38;

    public static string Draw(IReadOnlyList<(string Title, double Ratio)> bars)
    {
        int height = Top + (bars.Count * RowHeight) + 20;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}"
              font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{height}" fill="#ffffff"/>
            <text x="12" y="20" font-size="15" fill="#222">{Heading}</text>

            """);
        for (double tick = LeastRatio; tick <= MostRatio; tick *= 2)
        {
            string color = tick == 1 ? "#444" : "#ddd";
            string label = tick < 1 ? $"1/{(1 / tick).ToString(CultureInfo.InvariantCulture)}" : $"{tick}";
            svg.Append(CultureInfo.InvariantCulture, $"""
                <line x1="{X(tick):F1}" x2="{X(tick):F1}" y1="{Top - 6}" y2="{height - 14}" stroke="{color}"/>
                <text x="{X(tick):F1}" y="{Top - 10}" text-anchor="middle" fill="#666">{label}</text>

                """);
        }

        for (int i = 0; i < bars.Count; i++)
        {
            (string title, double ratio) = bars[i];
            double from = Math.Min(X(1), X(ratio));
            double to = Math.Max(X(1), X(ratio));
            int y = Top + (i * RowHeight);
            string fill = ratio >= 1 ? "#2f6f8f" : "#b5533c";

            // The figure of a bar that leaves it no room before the titles stands within the bar.
            bool isWithin = ratio < 1 && from - FigureWidth < LabelWidth;
            string anchor = ratio >= 1 || isWithin ? "start" : "end";
            double beside = ratio >= 1 ? to + 5 : isWithin ? from + 5 : from - 5;
            string ink = isWithin ? "#fff" : "#222";
            svg.Append(CultureInfo.InvariantCulture, $"""
                <text x="{LabelWidth - 8}" y="{y + 15}" text-anchor="end" fill="#222">{title}</text>
                <rect x="{from:F1}" y="{y + 3}" width="{to - from:F1}" height="{RowHeight - 8}" fill="{fill}"/>
                <text x="{beside:F1}" y="{y + 15}" text-anchor="{anchor}" fill="{ink}">{ratio:0.0#}</text>

                """);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double X(double ratio)
    {
        double clamped = Math.Clamp(ratio, LeastRatio, MostRatio);
        double part = Math.Log(clamped / LeastRatio) / Math.Log(MostRatio / LeastRatio);
        return LabelWidth + (part * (Width - LabelWidth - 50));
    }
}
