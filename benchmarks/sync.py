"""How quickly an EHR is read, when nothing changed and when everything did.

    python benchmarks/sync.py [--json] [--quick]

All times are CPU of this process; the FHIR server has one of its own.
`unchanged_page_cpu_ms` is what the EHR room needs to find a page of 100
appointments (2 kB each) as it was; `..._after_start` the same when the page was
not seen since the start; `..._whole` with HTTP over loopback and the store
(SQLite). `changed_per_s` are changed appointments read over HTTP, validated with
the R4B models, mapped and stored, a second of CPU; `new_per_s` the same of ones
nobody had read before (one round, with their patients' rows).
`rss_ratio_10x_pages` is the peak memory of reading ten times as many new pages.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import fhir_pages, reading, reporting

_PAGES = 100
# Enough to fill SQLite's page cache, which is as large as it is set to be.
_FEW = 150


def main() -> None:
    """Measure, and say what came out."""
    asked = reporting.options(__doc__.partition("\n")[0] if __doc__ else "")
    part = 10 if asked.quick else 1
    pages = _PAGES // part
    reporting.say(f"{reporting.hardware()}, load {os.getloadavg()[0]:.1f}")
    if asked.quick:
        reporting.say(f"quick: {pages} pages instead of {_PAGES}")
    again, first = reading.parse_ms(pages)
    figures: dict[str, object] = {
        "unchanged_page_cpu_ms": round(again, 2),
        "unchanged_page_cpu_ms_after_start": round(first, 2),
    }
    for backend in ("sqlite", "postgres"):
        read = reading.read_figures(backend, pages)
        suffix = "" if backend == "sqlite" else f"_{backend}"
        figures[f"changed_per_s{suffix}"] = round(read.changed_per_s)
        figures[f"new_per_s{suffix}"] = round(read.new_per_s)
        whole = round(read.unchanged_page_ms, 2)
        figures[f"unchanged_page_cpu_ms_whole{suffix}"] = whole
    few, many = (reading.peak_mib(times * _FEW // part) for times in (1, 10))
    figures |= {
        "rss_ratio_10x_pages": round(many / few, 3),
        "rss_peak_mib": round(many),
        "appointments": pages * fhir_pages.PAGE_SIZE,
        "hardware": reporting.hardware(),
    }
    reporting.conclude(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
