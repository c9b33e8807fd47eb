"""Rulesets as anybody may write them, for properties."""

from datetime import time, timedelta

from hypothesis import strategies as st

from reminder.model.offsets import (
    BusinessDaysBefore,
    DaysAfter,
    DaysBefore,
    HoursAfter,
    HoursBefore,
    MinutesAfter,
    MinutesBefore,
    WeekdayBefore,
    WhenBooked,
    WhenCancelled,
    WhenMissed,
    WhenMoved,
)
from reminder.model.people import Channel
from reminder.model.rulesets import (
    ORGANISATION,
    Caps,
    Confidential,
    InsidePolicy,
    LatePolicy,
    Leads,
    Match,
    Mode,
    OnlyFirstOfTheDay,
    OnlyIfBookedAhead,
    OnlyIfConfirmed,
    OnlyIfUnconfirmed,
    QuietPolicy,
    Rule,
    RulesetDocument,
    Settling,
    Span,
    Step,
    Tier,
    Tiers,
    UnlessConfirmed,
    Visitor,
)

ids = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True).filter(
    lambda one: one != "own-lead"
)
words = (
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
    | st.sampled_from(["394579002", "http://snomed.info/sct|394579002", "Follow up"])
).filter(lambda word: word == word.strip())
names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), max_size=30)
clock = st.times().map(lambda at: time(at.hour, at.minute))
"""Times of day on a whole minute."""

spans = st.builds(
    Span, st.integers(1, 60), st.sampled_from(["minutes", "hours", "days"])
)
offsets = st.one_of(
    st.builds(MinutesBefore, st.integers(1, 600)),
    st.builds(HoursBefore, st.integers(1, 500)),
    st.builds(DaysBefore, st.integers(1, 60), clock),
    st.builds(BusinessDaysBefore, st.integers(1, 30), clock),
    st.builds(WeekdayBefore, st.integers(0, 6), clock),
    st.builds(MinutesAfter, st.integers(1, 600)),
    st.builds(HoursAfter, st.integers(1, 500)),
    st.builds(DaysAfter, st.integers(1, 60), clock),
    st.sampled_from([WhenBooked(), WhenMoved(), WhenCancelled(), WhenMissed()]),
)
conditions = st.one_of(
    st.sampled_from(
        [UnlessConfirmed(), OnlyIfUnconfirmed(), OnlyIfConfirmed(), OnlyFirstOfTheDay()]
    ),
    st.builds(OnlyIfBookedAhead, spans),
)
channels = st.lists(st.sampled_from(Channel), min_size=1, unique=True).map(tuple)


def steps(step_ids: st.SearchStrategy[str] = ids) -> st.SearchStrategy[Step]:
    """One step of any kind."""
    return st.builds(
        Step,
        step_ids,
        offsets,
        channels,
        template=st.sampled_from(["reminder", "booked", "soon", "thanks"]),
        conditions=st.lists(conditions, max_size=2, unique=True).map(tuple),
        quiet=st.sampled_from(QuietPolicy),
        late=st.sampled_from(LatePolicy),
        inside=st.sampled_from(InsidePolicy),
        useful=st.builds(MinutesBefore, st.integers(1, 600))
        | st.builds(HoursBefore, st.integers(1, 100)),
    )


def matches(
    tokens: st.SearchStrategy[str] = words, spans: st.SearchStrategy[Span] = spans
) -> st.SearchStrategy[Match]:
    """What a rule is for, with any number of criteria."""
    several = st.just(frozenset()) | st.frozensets(tokens, min_size=1, max_size=3)
    ages = st.none() | st.integers(1, 120)
    return st.builds(
        Match,
        appointment_types=several,
        service_types=several,
        service_categories=several,
        specialties=several,
        locations=several,
        practitioners=several,
        tags=several,
        languages=st.frozensets(st.sampled_from(["en", "es-MX", "pt"]), max_size=2),
        mode=st.none() | st.sampled_from(Mode),
        visitor=st.none() | st.sampled_from(Visitor),
        age_from=ages,
        age_below=ages,
        booked_ahead_at_least=st.none() | spans,
        booked_ahead_less_than=st.none() | spans,
    ).filter(_some_age_fits)


def _some_age_fits(match: Match) -> bool:
    if match.age_from is None or match.age_below is None:
        return True
    return match.age_from < match.age_below


@st.composite
def rules(draw: st.DrawFn, least: int = 0, most: int = 4) -> tuple[Rule, ...]:
    """Several rules, whose ids differ and whose steps' ids do."""
    rule_ids = draw(st.lists(ids, min_size=least, max_size=most, unique=True))
    step_ids = iter(draw(st.lists(ids, max_size=8, unique=True)))
    return tuple(
        Rule(
            rule_id,
            tuple(
                draw(steps(st.just(step_id)))
                for _, step_id in zip(
                    range(draw(st.integers(0, 4))), step_ids, strict=False
                )
            ),
            draw(matches()),
            draw(names),
        )
        for rule_id in rule_ids
    )


minutes = st.integers(0, 20_000).map(lambda count: timedelta(minutes=count))
tiers = st.sampled_from(Tier)
limits = st.none() | st.integers(1, 50)
several = st.frozensets(words, max_size=3)
policies = {
    "caps": st.none()
    | st.builds(Caps, limits, limits, st.frozensets(st.sampled_from(Channel))),
    "leads": st.none()
    | st.tuples(minutes, minutes, st.booleans()).map(
        lambda drawn: Leads(min(drawn[:2]), max(drawn[:2]), drawn[2])
    ),
    "tiers": st.none() | st.builds(Tiers, tiers, tiers, tiers),
    "sensitive": st.none() | several,
    "confidential": st.none() | st.builds(Confidential, several, st.integers(0, 30)),
    "settling": st.none() | st.builds(Settling, minutes, minutes),
}


def documents(
    owners: st.SearchStrategy[str] = ids,
) -> st.SearchStrategy[RulesetDocument]:
    """Whatever a clinic may write."""
    return st.builds(
        RulesetDocument,
        owner=owners,
        extends=st.booleans(),
        rules=rules(),
        without=st.frozensets(ids, max_size=3),
        **policies,
    )


def organisations() -> st.SearchStrategy[RulesetDocument]:
    """Whatever an organisation may write for its clinics."""
    return st.builds(
        RulesetDocument, owner=st.just(ORGANISATION), rules=rules(), **policies
    )
