"""How the page of a score looks: light, dark and on paper."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f5f6f8; --ink: #1b1f24; --soft: #57606a; --line: #d5d9df;
  --accent: #0b62c4; --band: #0b62c426; --bad: #b3261e; --badwash: #b3261e1f; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --card: #1e2329; --ink: #e8ebef; --soft: #a3acb7;
  --line: #39414b; --accent: #6cb2ff; --band: #6cb2ff30; --bad: #ff8a80; --badwash: #ff8a8030; --good: #6fdc8c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 76rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { max-width: 46rem; margin: .5rem 0; }
.soft, figcaption, caption { color: var(--soft); }
.bad { color: var(--bad); }
code, .value { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
code { background: var(--card); padding: .1em .3em; border-radius: 4px; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0; }
a { color: var(--accent); }
.tiles, .plots, .fields { display: grid; gap: 1rem; padding: 0; margin: 1rem 0; list-style: none; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); }
.tiles li, .fields li, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem; margin: 0; break-inside: avoid; }
.tiles strong { display: block; font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.plots { grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
.plots svg { display: block; width: 100%; height: auto; }
.plots figcaption { font-size: .9rem; margin-top: .5rem; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; fill: none; }
svg .ideal { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 5 4; fill: none; }
svg .band { fill: var(--band); stroke: none; }
svg .curve { stroke: var(--accent); stroke-width: 2.5; fill: none; stroke-linejoin: round; }
svg .dot { fill: var(--accent); stroke: var(--card); stroke-width: 1; }
svg .now { fill: var(--card); stroke: var(--bad); stroke-width: 3; }
svg .whisker { stroke: var(--accent); stroke-width: 1.5; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { padding: .3rem .65rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th.name { text-align: left; font-weight: normal; white-space: normal; min-width: 5rem; max-width: 22rem;
  overflow-wrap: break-word; }
thead th { border-bottom: 2px solid var(--line); font-weight: 600; vertical-align: bottom; white-space: normal; }
thead th.name { font-weight: 600; }
tr.all th, tr.all td { font-weight: 600; background: var(--card); }
.bar { display: inline-block; width: 8rem; height: .7rem; vertical-align: baseline; text-align: left; }
.bar rect { fill: var(--accent); }
.bar rect.bad { fill: var(--bad); }
.fields { grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); }
.fields img, .nothing { display: block; width: 100%; height: 5.5rem; object-fit: contain; background: #fff;
  color: #57606a; border: 1px solid var(--line); border-radius: 6px; margin-bottom: .5rem; }
.nothing { padding: .5rem; text-align: center; line-height: 4.4rem; }
.fields .wrong { border-color: var(--bad); border-width: 2px; }
.fields dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .75rem; margin: 0; font-size: .92rem; }
.fields dt { color: var(--soft); }
.fields dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.value { font-size: 1.1rem; letter-spacing: .05em; white-space: pre-wrap; }
.value b { background: var(--badwash); color: var(--bad); text-decoration: underline; }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #0b62c4;
  --band: #0b62c426; --bad: #b3261e; --badwash: #b3261e1f; color-scheme: light; }
  nav { display: none; } body { padding: 0; max-width: none; font-size: 10pt; } h2 { break-after: avoid; }
  tr, figure { break-inside: avoid; }  .scroll { overflow: visible; } .fields { grid-template-columns: repeat(3, 1fr); }
  .plots { grid-template-columns: 1fr 1fr; }
  svg, .value b { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
