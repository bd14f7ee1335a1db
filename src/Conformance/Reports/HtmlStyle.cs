namespace Mortise.Conformance.Reports;

/// <summary>The look of the pages: one sheet, nothing from elsewhere, light and dark.</summary>
internal static class HtmlStyle
{
    public const string Sheet = """
        :root { color-scheme: light dark; --ink: #1d1f21; --soft: #5d6470; --line: #d9dce1; --paper: #fff;
          --card: #f6f7f9; --good: #1f7a3d; --bad: #b3261e; --warn: #8a5a00; --calm: #5d6470; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e7e9; --soft: #a2a9b4; --line: #3a3f47;
          --paper: #17191c; --card: #202327; --good: #6fcf8f; --bad: #ff8a80; --warn: #e3b341; --calm: #a2a9b4; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 64px; color: var(--ink);
          background: var(--paper); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
        h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 20px; margin: 40px 0 8px; overflow-wrap: anywhere; }
        h3 { font-size: 16px; margin: 28px 0 6px; }
        p { margin: 6px 0; }
        a { color: inherit; }
        .soft { color: var(--soft); }
        .conclusion { font-size: 20px; font-weight: 600; margin: 16px 0 4px; }
        .good { color: var(--good); } .bad { color: var(--bad); }
        .warn { color: var(--warn); } .calm { color: var(--calm); }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 20px; margin: 16px 0; }
        .facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
        code, pre { font: 13.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        pre { margin: 6px 0; padding: 10px 12px; background: var(--paper); border: 1px solid var(--line);
          border-radius: 6px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
        .card { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--bad);
          border-radius: 8px; padding: 14px 18px; margin: 16px 0; }
        .card.warn-edge { border-left-color: var(--warn); }
        .card h3 { margin: 0 0 6px; font-size: 18px; color: var(--ink); }
        .label { color: var(--soft); font-size: 14px; margin: 14px 0 2px; }
        .finding { font-weight: 600; white-space: pre-wrap; overflow-wrap: anywhere; }
        summary { cursor: pointer; color: var(--soft); padding: 4px 0; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-top: 1px solid var(--line); }
        th { color: var(--soft); font-weight: 500; font-size: 14px; border-top: 0; }
        td.id { white-space: nowrap; font-weight: 600; }
        td.time { white-space: nowrap; text-align: right; padding-right: 0; }
        td.verdict { white-space: nowrap; font-weight: 600; }
        td .why { display: block; color: var(--soft); font-size: 14px; font-weight: 400; }
        .scroll { overflow-x: auto; }
        .matrix td, .matrix th { padding: 4px 8px; white-space: nowrap; }
        .matrix td.law { white-space: normal; min-width: 260px; } .matrix td.cell { text-align: center; }
        .matrix th.cell { text-align: center; white-space: normal; font-size: 13px; }
        @media (max-width: 640px) {
          body { padding: 16px 14px 48px; }
          .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 8px; }
          .laws thead { display: none; }
          .laws tr { display: grid; grid-template-columns: auto 1fr auto; column-gap: 12px; padding: 8px 0;
            border-top: 1px solid var(--line); }
          .laws td { border: 0; padding: 0; } .laws td.text { grid-column: 1 / -1; grid-row: 2; }
          .laws td.verdict { white-space: normal; }
          .card { padding: 12px 14px; }
          .matrix td.law { min-width: 180px; white-space: normal; }
        }
        @media print { body { max-width: none; } .card { break-inside: avoid; } }
        """;
}
