"""How quickly the planner decides, and how soon a publish has reached everybody.

    python benchmarks/plan.py [--json] [--quick]

`plan_per_s` are appointments a second of CPU in one process, by a rule of six
steps with caps and merging; `ratio_200_rules_to_5` is what 200 rules cost of
what 5 do. `replan_100k_s_*` are seconds from the publish that changes one of
three steps of 100,000 appointments to the last plan kept.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import planning, replanning, reporting

_APPOINTMENTS = 100_000
_IN_ONE_PROCESS = 20_000
_FOR_RULES = 10_000


def main() -> None:
    """Measure, and say what came out."""
    asked = reporting.options(__doc__.partition("\n")[0] if __doc__ else "")
    part = 10 if asked.quick else 1
    appointments = _APPOINTMENTS // part
    reporting.say(reporting.hardware())
    if asked.quick:
        reporting.say(f"quick: {appointments:,} appointments instead of 100,000")
    figures: dict[str, object] = {
        "plan_per_s": round(planning.plans_per_s(_IN_ONE_PROCESS // part)),
        "ratio_200_rules_to_5": round(planning.ratio(_FOR_RULES // part), 2),
    }
    for backend in ("sqlite", "postgres"):
        seconds = replanning.replan_s(backend, appointments)
        figures[f"replan_100k_s_{backend}"] = round(seconds, 1)
    figures |= {"appointments": appointments, "hardware": reporting.hardware()}
    reporting.conclude(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
