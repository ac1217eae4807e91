#!/usr/bin/env python3
"""The tables of docs/detection-quality.md from what run.sh leaves in a folder, in Markdown, and the
plot of the p-values as SVG.

    tables.py FOLDER [PLOT.svg]      FOLDER has SEED.score.json and SEED.calibration.json
"""
import glob
import json
import math
import os
import sys

NAMES = {"doorward": "Doorward", "exact": "with 512 MiB", "pair, 14 days": "first-seen pair, 14 days"}
LEFT_OUT = {"pair, ever"}


def load(folder, suffix):
    found = {}
    for path in glob.glob(os.path.join(folder, "*" + suffix)):
        with open(path, encoding="utf-8") as text:
            found[int(os.path.basename(path)[:-len(suffix)])] = json.load(text)
    return dict(sorted(found.items()))


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def recall_table(scores):
    methods = [m["name"] for m in next(iter(scores.values()))["methods"] if m["name"] not in LEFT_OUT]
    cells = {name: {} for name in methods}  # line: (found, total)
    false = {name: [] for name in methods}
    for score in scores.values():
        for method in score["methods"]:
            if method["name"] in LEFT_OUT:
                continue
            lines = dict(method["by_kind"], **{"**all**": method["all"],
                                              "**all in which somebody got in**": method["with_success"]})
            for line, count in lines.items():
                found, total = cells[method["name"]].get(line, (0, 0))
                cells[method["name"]][line] = (found + count["found"], total + count["total"])
            false[method["name"]].append(method["false_per_day"])
    print(f"Seeds {', '.join(map(str, scores))}:\n")
    row("kind of campaign", *(NAMES.get(name, name) for name in methods))
    row("---", *("---:" for _ in methods))
    for line in cells[methods[0]]:
        row(line.replace("_", " "), *(f"{cells[m][line][0] / cells[m][line][1]:.3f}" for m in methods))
    row("**false alerts a day**", *(f"{sum(false[m]) / len(false[m]):.2f}" for m in methods))
    print()
    row("seed", *(f"{seed}" for seed in scores))
    row("---", *("---:" for _ in scores))
    first = [score["methods"][0] for score in scores.values()]
    row("recall", *(f"{m['all']['recall']:.3f}" for m in first))
    row("false alerts a day", *(f"{m['false_per_day']:.2f}" for m in first))
    print()
    rules = {}
    for method in first:
        for rule, rate in method["false_by_rule"].items():
            rules[rule] = rules.get(rule, 0) + rate / len(first)
    row("false alerts by rule", "a day")
    row("---", "---:")
    for rule, rate in sorted(rules.items(), key=lambda item: -item[1]):
        row(rule, f"{rate:.3f}")
    print()


def calibration_table(counts):
    levels = next(iter(counts.values()))["levels"]
    rules = sorted({rule for count in counts.values() for rule in count["total"]})
    row("rule: pooled share over a, largest of a seed", *(f"a = {level:g}" for level in levels))
    row("---", *("---:" for _ in levels))
    for rule in rules:
        having = [c for c in counts.values() if c["total"].get(rule)]
        cells = []
        for i, level in enumerate(levels):
            pooled = sum(c["below"][rule][i] for c in having) / sum(c["total"][rule] for c in having)
            worst = max(c["below"][rule][i] / c["total"][rule] for c in having)
            cells.append(f"{pooled / level:.2f}, {worst / level:.2f}")
        row(rule, *cells)
    print()


def plot(counts, path):
    """Share of logons with joint p <= a over a, both logarithmic; a line for each seed."""
    width, height, left, top = 560, 420, 70, 20
    lowest, highest = -5.0, -1.0

    def x_of(a):
        return left + (math.log10(a) - lowest) / (highest - lowest) * width

    def y_of(share):
        return top + (highest - max(lowest, math.log10(share))) / (highest - lowest) * height

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 30} {top + height + 60}" '
           'font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>']
    for power in range(int(lowest), int(highest) + 1):
        a = 10.0 ** power
        label = f"{a:g}"
        out.append(f'<path d="M{x_of(a):.1f} {top}V{top + height}M{left} {y_of(a):.1f}H{left + width}" '
                   'stroke="#ddd" fill="none"/>')
        out.append(f'<text x="{x_of(a):.1f}" y="{top + height + 18}" text-anchor="middle">{label}</text>')
        out.append(f'<text x="{left - 6}" y="{y_of(a) + 4:.1f}" text-anchor="end">{label}</text>')
    for factor, style in ((1.0, "#666"), (1.2, "#c33")):
        end = min(10.0 ** highest, 10.0 ** highest / factor)
        out.append(f'<path d="M{x_of(1e-5):.1f} {y_of(factor * 1e-5):.1f}L{x_of(end):.1f} '
                   f'{y_of(factor * end):.1f}" stroke="{style}" stroke-dasharray="5 4" fill="none"/>')
    for count in counts.values():
        total = count["total"]["unusual_logon"]
        points = [(a, n / total) for a, n in zip(count["grid"], count["on_grid"]) if n]
        out.append('<path d="M' + "L".join(f"{x_of(a):.1f} {y_of(share):.1f}" for a, share in points) +
                   '" stroke="#27b" stroke-opacity="0.6" fill="none"/>')
    out += [f'<text x="{left + width / 2}" y="{top + height + 42}" text-anchor="middle">a</text>',
            f'<text transform="translate(16 {top + height / 2}) rotate(-90)" text-anchor="middle">'
            'share of ordinary logons with joint p &#8804; a</text>',
            f'<text x="{left + 16}" y="{top + 22}" fill="#27b">unusual_logon, one line a seed</text>',
            f'<text x="{left + 16}" y="{top + 40}" fill="#666">a</text>',
            f'<text x="{left + 30}" y="{top + 40}" fill="#c33">1.2 a, what is promised at most</text>', '</svg>']
    with open(path, "w", encoding="utf-8") as text:
        text.write("\n".join(out) + "\n")


def main():
    folder = sys.argv[1]
    recall_table(load(folder, ".score.json"))
    counts = load(folder, ".calibration.json")
    calibration_table(counts)
    if len(sys.argv) > 2:
        plot(counts, sys.argv[2])


main()
