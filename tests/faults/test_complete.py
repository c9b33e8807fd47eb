"""Whoever adds a fault says what Reminder makes of it."""

from pathlib import Path

from reminder.sandbox.fhir_faults.named import FAULTS, VENDORS


def test_every_fault_is_met_by_a_test() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    text = "".join(file.read_text() for file in files)
    in_makes = {fault.name for make in VENDORS.values() for fault in make}

    assert {name for name in FAULTS if f'"{name}"' not in text} <= in_makes
    assert {make for make in VENDORS if f'"{make}"' not in text} == set()
