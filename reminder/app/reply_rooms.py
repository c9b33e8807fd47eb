"""Builds what takes in and acts on what patients write back."""

from datetime import timedelta

from reminder.app.rooms import Rooms
from reminder.flows.plan import Plan
from reminder.flows.replies.acting import Acting
from reminder.flows.replies.replies import Replies
from reminder.flows.replies.taking_in import TakingIn
from reminder.flows.respond.answers import Answering
from reminder.flows.written import Follow


def taking_in(rooms: Rooms) -> TakingIn:
    """The taking in of what patients write."""
    return TakingIn(
        transports=rooms.by_name,
        replies=rooms.store.inbound,
        public_url=rooms.settings.public_url,
        clock=rooms.clock,
    )


def replying(rooms: Rooms, plan: Plan) -> Replies:
    """The acting on what patients wrote."""
    store, clock = rooms.store, rooms.clock
    answering = Answering(
        ehrs=rooms.ehrs,
        answers=store.answers,
        follow=Follow(
            store.appointments, store.links, store.worklist, plan.again, clock
        ),
        worklist=store.worklist,
        clock=clock,
        wait_limit=timedelta(seconds=rooms.settings.work.answer_limit_s),
    )
    return Replies(
        kept=store.inbound,
        people=store.appointments,
        clinics=rooms.clinics,
        acting=Acting(answering, store.answers),
        answered_elsewhere={
            name
            for name, one in rooms.by_name.items()
            if getattr(one, "answers_keywords", False)
        },
        clock=clock,
    )
