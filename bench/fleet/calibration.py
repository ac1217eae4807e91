#!/usr/bin/env python3
"""Share of ordinary logons with p <= a, for each rule, over a: at most 1.2 is promised.

    doorward-agent replay --scores auth.log | calibration.py truth.csv START [COUNTS.json]

COUNTS.json, when named, gets the counts for tables.py: at LEVELS, and of unusual_logon at GRID.
"""
import csv
import json
import sys

LEVELS = (0.05, 0.01, 0.001, 0.0001)
GRID = tuple(10 ** (-i / 8) for i in range(8, 41))  # 0.1 to 0.00001
PLOTTED = "unusual_logon"


def main():
    truth, start = sys.argv[1], sys.argv[2][:19]
    with open(truth, encoding="utf-8") as rows:
        attacks = {(r["time"][:19], r["user"], r["host"]) for r in csv.DictReader(rows)
                   if r["row"] == "event"}
    total, below, grid = {}, {}, [0] * len(GRID)
    for line in sys.stdin:
        event = json.loads(line)
        time = event["@timestamp"][:19]
        if time < start or (time, event["user"]["name"], event["host"]["name"]) in attacks:
            continue
        for rule, p_value in event["doorward"]["rules"].items():
            total[rule] = total.get(rule, 0) + 1
            counts = below.setdefault(rule, [0] * len(LEVELS))
            for i, level in enumerate(LEVELS):
                counts[i] += p_value <= level
        joint = event["doorward"]["rules"].get(PLOTTED, 1)
        if joint <= GRID[0]:
            for i, level in enumerate(GRID):
                grid[i] += joint <= level
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as out:
            json.dump({"levels": LEVELS, "total": total, "below": below, "grid": GRID,
                       "on_grid": grid}, out)
    print(f"{'share of ordinary logons with p <= a, over a':<46}" +
          "".join(f"{level:>10g}" for level in LEVELS))
    for rule in sorted(total):
        ratios = (below[rule][i] / total[rule] / level for i, level in enumerate(LEVELS))
        print(f"  {rule:<44}" + "".join(f"{ratio:>10.2f}" for ratio in ratios))


main()
