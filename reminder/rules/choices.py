"""Says which rule a visit follows, and why that one."""

from reminder.model.clinics import Clinic
from reminder.rules.explain import rule_name
from reminder.rules.match import Choice
from reminder.rules.phrases import listed


def choice_sentences(choice: Choice | None, clinic: Clinic) -> str:
    """'The rule 'Telehealth' is used: telehealth.', and which others also fit."""
    if choice is None:
        return "No rule of the clinic is for a visit of this kind."
    name = rule_name(choice.rule.rule_id, clinic)
    why = ", ".join(choice.criteria) or "it is for every visit"
    used = f"The rule '{name}' is used: {why}."
    if not choice.passed_over:
        return used
    others = listed([f"'{rule_name(one, clinic)}'" for one in choice.passed_over])
    return f"{used} Also fitting, but broader or later: {others}."
