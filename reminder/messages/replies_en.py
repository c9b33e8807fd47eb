"""How patients put it in English."""

from reminder.messages.replies_words import ReplyWords, lines
from reminder.model.inbound import Wish

_TEXTS = (
    "(?:texts?|texting|texing|messages?|messaging|msgs?|sms|reminders?"
    "|notifications?|alerts?)"
)
_ANY = "(?:(?:all|any|these|those|the|this|your|more|further|me|us|with|getting"
_ANY += "|receiving|sending|of) )*"

ENGLISH = ReplyWords(
    whole={
        Wish.CONFIRM: lines(
            """
            c
            y
            yes
            yep
            yeah
            yup
            yes yes
            yes i will
            yes i confirm
            yes confirm
            yes confirmed
            yes ill be there
            yes i will be there
            yes well be there
            confirm
            confirmed
            confirming
            i confirm
            we confirm
            confirm appointment
            confirm my appointment
            i confirm my appointment
            confirm my visit
            ill be there
            i will be there
            well be there
            we will be there
            i am coming
            im coming
            """
        ),
        Wish.MOVE: lines(
            """
            r
            change
            move
            reschedule
            rescheduled
            rescedule
            reschedual
            another time
            different time
            a different time
            another day
            change time
            change the time
            change date
            change appointment
            change my appointment
            move appointment
            move my appointment
            move it
            """
        ),
        Wish.CANCEL: lines(
            """
            n
            no
            nope
            cant come
            i cant come
            cannot come
            can not come
            i cannot come
            we cant come
            no i cant
            no i cant come
            no i cant make it
            cant make it
            i cant make it
            cannot make it
            i cannot make it
            we cant make it
            wont make it
            i wont make it
            not coming
            im not coming
            i am not coming
            i wont be there
            i will not be there
            we wont be there
            cant attend
            i cant attend
            i cannot attend
            unable to attend
            unable to come
            cancel appointment
            cancel my appointment
            cancel the appointment
            cancel this appointment
            cancel my appt
            cancel my visit
            cancel the visit
            can i cancel my appointment
            can you cancel my appointment
            could you cancel my appointment
            i need to cancel
            i have to cancel
            need to cancel my appointment
            i need to cancel my appointment
            i have to cancel my appointment
            i want to cancel my appointment
            i would like to cancel my appointment
            id like to cancel my appointment
            """
        ),
        Wish.STOP: lines(
            """
            stop
            stopall
            stop all
            unsubscribe
            cancel
            cancel it
            cancel all
            end
            quit
            revoke
            optout
            opt out
            remove
            remove me
            halt
            cease
            cease and desist
            enough
            no more
            stop it
            make it stop
            you can stop now
            would you stop
            go away
            fuck off
            """
        ),
        Wish.START: lines(
            """
            start
            unstop
            start again
            restart
            resume
            subscribe
            opt in
            optin
            """
        ),
        Wish.HELP: lines(
            """
            help
            info
            information
            """
        ),
        Wish.NOT_ME: frozenset(),
    },
    around=frozenset(
        {"please", "pls", "plz", "thanks", "thank", "you", "thx", "hi", "hello", "hey"}
        | {"ok", "okay", "sir", "madam", "just", "sorry"}
    ),
    stops=(
        rf"\b(?:stop|stopp|quit|cease) {_ANY}(?:{_TEXTS}|sending|contacting|calling"
        r"|bothering|spamming|harassing|contact)\b",
        rf"\bno more {_ANY}{_TEXTS}\b",
        r"\b(?:dont|do not|never) (?:text|message|msg|contact|sms|write|bother)"
        r" (?:to )?(?:me|us|this number|here|again|anymore|any more)\b",
        rf"\b(?:dont|do not|never) send (?:me |us )?{_ANY}"
        rf"(?:{_TEXTS}|anything|anymore|any more)\b",
        r"\b(?:dont|do not|no longer|didnt) "
        r"(?:want|wish|need|like|care for|sign up for)"
        rf" (?:to )?(?:get|receive|hear)? ?{_ANY}(?:{_TEXTS}|from you)\b",
        r"\b(?:unsubscribe|unsubscribed|optout|opt (?:me )?out|opting out)\b",
        r"\b(?:take|get|remove|delete) (?:me|us|my number|this number|my phone)"
        r" (?:off|from) (?:of )?(?:(?:this|the|your|these|all) )*"
        r"(?:list|lists|mailing|texts?|messages?|system|database|contacts?)\b",
        r"\b(?:remove|delete|lose|forget) (?:my|this) (?:phone )?number\b",
        r"\bremove me\b",
        r"\bleave (?:me|us) alone\b",
        r"\brevoke (?:my )?(?:consent|permission)\b",
        r"^(?:please |pls |just |ok )*stop(?! (?:by|in|at|over|for|off|and|to|light|"
        r"sign|the bleeding|worrying)\b)",
        r"(?<!bus )(?<!train )(?<!next )(?<!last )(?<!full )(?<!the )(?<!a )"
        r"\b(?:please|pls|just|must|now|said) stop$",
    ),
    moves=(
        r"\b(?:can|could|may|need|want|wants|have|like|wish|please|must|possible)\b.*"
        r"\bre ?schedul\w*",
        r"^(?:please )?re ?schedul\w* (?:my|the|this|our|it|for|to)\b",
        r"\b(?:can|could|may|need to|want to|have to|like to) (?:i |we |you )?"
        r"(?:please )?(?:change|move) (?:my|the|our|this) "
        r"(?:appointment|appt|visit|time)\b",
    ),
    strangers=(
        r"\bwrong (?:number|person|phone|cell)\b",
        r"^(?:this is|its|thats|that is|it is)? ?not me\b",
        r"\b(?:isnt|aint) me\b",
        r"^(?:hi |hello |sorry |im sorry )*(?:whos|who is|who are|who r|who) "
        r"(?:this|that|dis|you|u)$",
        r"\b(?:nobody|no one|noone) (?:here )?(?:by|with|of) (?:that|this) name\b",
        r"\bdont know (?:this person|who (?:this|that) is|any(?:one|body) (?:by|with))",
        r"\b(?:not|isnt) (?:his|her|their) (?:number|phone)\b",
    ),
    unless=(
        r"\b(?:dont|do not|never|didnt|cant|cannot|wont|not) (?:want (?:you )?to |ever "
        r"|like to |wish to )?"
        r"(?:stop|unsubscribe|opt out|reschedule|need to reschedule)",
        r"\b(?:no|dont|not) need to (?:stop|reschedule|unsubscribe)\b",
        r"\bis (?:this|it|that) (?:a|the) wrong\b",
        r"\b(?:i|we) (?:gave|called|had|wrote|entered|dialed|have given)\b.*\bwrong\b",
        r"\bdid (?:i|you)\b.*\bwrong\b",
    ),
)
