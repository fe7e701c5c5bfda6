"""The report of `make bench` as one HTML page that needs nothing else."""

from html import escape

from . import results

COLORS = {"tollgate": "#2563eb", "nginx": "#94a3b8", "haproxy": "#94a3b8"}
OTHER = "#cbd5e1"
STYLE = """
:root{color-scheme:light dark;--fg:#0f172a;--faint:#64748b;--bg:#fff;--card:#f1f5f9;--line:#e2e8f0}
@media(prefers-color-scheme:dark){:root{--fg:#e2e8f0;--faint:#94a3b8;--bg:#0f172a;--card:#1e293b;--line:#334155}}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1100px;margin:0 auto;padding:24px}h1{margin:0}h2{margin:36px 0 8px;font-size:19px}
p{margin:6px 0}.faint,small{color:var(--faint)}
table{border-collapse:collapse;width:100%}td,th{padding:6px 10px 6px 0;border-bottom:1px solid var(--line);
vertical-align:top}th{color:var(--faint);font-weight:500}.name{text-align:left}.n{text-align:right;white-space:nowrap;
font-variant-numeric:tabular-nums}.met{color:#16a34a}.missed{color:#dc2626;font-weight:600}
svg{width:100%;height:auto;background:var(--card);border-radius:8px;display:block;margin:8px 0 16px}
svg text{fill:var(--fg);font:13px system-ui,sans-serif;
paint-order:stroke;stroke:var(--card);stroke-width:4px}svg .faint{fill:var(--faint)}
"""


def page(whole):
    judged = [figure for figure in whole.figures if figure.is_judged or not figure.holds]
    missed = len(whole.missed)
    state = "all bars met" if not missed else f"{missed} of {len(judged)} bars missed"
    parts = [
        f"<h1>Tollgate bench: {state}</h1><p class='faint'>{escape(results.head(whole))}</p>",
        "<p>One machine, one run, everything on loopback: read ratios, not microseconds. Medians of alternating rounds; a ratio is the median of the ratios within each round.</p>",
        bars(judged), table(judged),
    ]
    for name, figures in whole.parts.items():
        parts.append(f"<h2>{escape(results.TITLES[name])}</h2>")
        result = {"gates": whole.run.results.get("one key"), "many-keys": whole.run.results.get("many keys")}.get(name)
        if result:
            parts.append(peers(result, "CPU of the gateway, µs per request", lambda each: each.cpu_us))
            parts.append(peers(result, "answers a second at full load, thousands", lambda each: each.requests_per_second, 1e-3))
        parts.append(table(figures))
        parts += [f"<p>{escape(figure.note)}</p>" for figure in figures if figure.note]
    return (f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Tollgate bench</title>"
            f"<meta name='viewport' content='width=device-width,initial-scale=1'><style>{STYLE}</style></head>"
            f"<body><main>{''.join(parts)}</main></body></html>\n")


def table(figures):
    rows = "".join(
        f"<tr><td>{escape(figure.name)}</td><td class='n'><b>{escape(figure.text)}</b></td>"
        f"<td class='n faint'>{escape(figure.spread)}</td><td class='n'>{escape(figure.bar)}</td><td class='n'>{verdict(figure)}</td></tr>"
        for figure in figures)
    return f"<table><tr><th class='name'>figure</th><th class='n'>median</th><th class='n'>rounds</th><th class='n'>bar</th><th></th></tr>{rows}</table>"


def verdict(figure):
    if not figure.is_judged and figure.holds:
        return ""
    return "<span class='met'>✓ met</span>" if figure.is_met else "<span class='missed'>✗ missed</span>"


def bars(figures):
    """How much of its bar each figure uses: up to the line is good."""
    shown = [(figure, figure.value / figure.at_most if figure.at_most is not None else figure.at_least / figure.value)
             for figure in figures if figure.is_judged and figure.value and figure.value == figure.value]
    if not shown:
        return ""
    row, left, width = 26, 470, 1060
    scale = (width - left - 70) / max(1.25, *(min(share, 2) for _, share in shown))
    line = left + scale
    parts = [f"<text class='faint' x='{line:.0f}' y='18' text-anchor='middle'>the bar</text>"]
    height = 34 + len(shown) * row
    parts.append(f"<line x1='{line:.0f}' x2='{line:.0f}' y1='22' y2='{height - 6}' stroke='currentColor' stroke-dasharray='4 3'/>")
    for number, (figure, share) in enumerate(shown):
        y = 28 + number * row
        color = "#16a34a" if figure.is_met else "#dc2626"
        name = figure.name if len(figure.name) < 66 else figure.name[:63] + "…"
        parts.append(f"<text x='{left - 10}' y='{y + 15}' text-anchor='end'>{escape(name)}</text>"
                     f"<rect x='{left}' y='{y + 3}' width='{scale * min(share, 2):.0f}' height='16' rx='3' fill='{color}'/>"
                     f"<text x='{left + scale * min(share, 2) + 6:.0f}' y='{y + 15}'>{escape(figure.text)}</text>")
    return f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='Figures against their bars'>{''.join(parts)}</svg>"


def peers(result, title, read, factor=1):
    """One bar for each peer, with the spread of the rounds."""
    row, left, width = 28, 490, 1060
    values = [(peer, each.label, read(each)) for peer, each in result.figures.items()]
    most = max(spread.most for _, _, spread in values) or 1
    scale = (width - left - 90) / most
    parts = [f"<text x='16' y='22' font-weight='600'>{escape(title)}</text>"]
    for number, (peer, label, spread) in enumerate(values):
        y = 32 + number * row
        label = label if len(label) < 75 else label[:72] + "…"
        end = left + spread.median * scale
        parts.append(
            f"<text x='{left - 10}' y='{y + 15}' text-anchor='end'>{escape(label)}</text>"
            f"<rect x='{left}' y='{y + 3}' width='{spread.median * scale:.0f}' height='16' rx='3' fill='{COLORS.get(peer, OTHER)}'/>"
            f"<line x1='{left + spread.least * scale:.0f}' x2='{left + spread.most * scale:.0f}' y1='{y + 11}' y2='{y + 11}' "
            f"stroke='currentColor'/><text x='{max(end, left + spread.most * scale) + 6:.0f}' y='{y + 15}'>{spread.median * factor:.1f}</text>")
    height = 40 + len(values) * row
    return f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='{escape(title)}'>{''.join(parts)}</svg>"
