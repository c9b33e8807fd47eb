"""How patients put it in Spanish."""

from reminder.messages.replies_words import ReplyWords, lines
from reminder.model.inbound import Wish

_TEXTS = "(?:mensajes?|mensajitos?|textos?|sms|avisos?|recordatorios?|notificaciones)"

SPANISH = ReplyWords(
    whole={
        Wish.CONFIRM: lines(
            """
            c
            s
            si
            si si
            si confirmo
            si confirmado
            si voy
            si ire
            si asistire
            si ahi estare
            si alli estare
            confirmo
            confirmar
            confirmado
            confirmada
            confirmamos
            confirmo mi cita
            confirmo la cita
            confirmar cita
            ahi estare
            alli estare
            ahi estaremos
            asistire
            """
        ),
        Wish.MOVE: lines(
            """
            r
            cambiar
            cambio
            cambiar cita
            cambiar mi cita
            cambiar la cita
            cambiar la hora
            cambiar la fecha
            cambiar hora
            mover
            mover cita
            mover mi cita
            reprogramar
            reagendar
            reprogramar mi cita
            reprogramar cita
            otra hora
            otro dia
            otra fecha
            """
        ),
        Wish.CANCEL: lines(
            """
            n
            no
            no puedo
            no puedo ir
            no puedo asistir
            no puedo venir
            no podre ir
            no podre asistir
            no voy
            no voy a ir
            no voy a poder ir
            no ire
            no asistire
            cancelar cita
            cancelar mi cita
            cancelar la cita
            cancele mi cita
            cancelen mi cita
            quiero cancelar mi cita
            quiero cancelar la cita
            necesito cancelar mi cita
            tengo que cancelar mi cita
            """
        ),
        Wish.STOP: lines(
            """
            alto
            baja
            parar
            pare
            paren
            para
            cancelar
            cancele
            cancelen
            detener
            detenga
            detenganse
            basta
            basta ya
            fin
            salir
            terminar
            no mas
            ya no mas
            dejeme en paz
            dejenme en paz
            dejame en paz
            """
        ),
        Wish.START: lines(
            """
            comenzar
            empezar
            iniciar
            reanudar
            alta
            """
        ),
        Wish.HELP: lines(
            """
            ayuda
            informacion
            """
        ),
        Wish.NOT_ME: lines(
            """
            equivocado
            esta equivocado
            no soy
            no soy yo
            yo no soy
            no soy la persona
            no soy esa persona
            no soy el paciente
            no soy la paciente
            """
        ),
    },
    around=frozenset(
        {"por", "favor", "porfavor", "porfa", "gracias", "muchas", "hola", "ok", "ya"}
        | {"buenos", "buenas", "dias", "tardes"}
    ),
    stops=(
        r"\bno (?:me|nos) (?:mande|envie)[ns]? (?:\w+ )?(?:mas|nada|otro|"
        + _TEXTS
        + ")",
        r"\bno (?:mande|envie)[ns]? mas\b",
        r"\bno (?:me|nos) (?:escriba|moleste|contacte|textee)[ns]?\b",
        r"\b(?:deje|deja|pare|para|paren|dejen) de (?:enviar|mandar|escribir|molestar"
        r"|contactar|textear)\w*",
        r"\bno (?:quiero|deseo|queremos) (?:recibir )?(?:mas )?(?:sus |estos |los )?"
        + _TEXTS,
        r"\bno (?:quiero|deseo) recibir (?:mas|nada)\b",
        r"\b(?:dar|darme|deme|denme|dame|dese|dar de|quiero) (?:de )?(?:la )?baja\b",
        r"\bno mas " + _TEXTS,
        r"\b(?:borr|elimin|quit)(?:e|en|a) (?:mi|este) numero\b",
        r"\b(?:borr|elimin|quit)(?:e|en|a)me\b",
        r"\b(?:dar|darme)se? de baja\b",
    ),
    moves=(
        r"\b(?:puedo|podria|podemos|quiero|quisiera|necesito|tengo que|gustaria)\b.*"
        r"\b(?:reprogramar|reagendar|cambiar (?:mi|la|de) (?:cita|hora|fecha|dia)"
        r"|mover (?:mi|la) cita)",
    ),
    strangers=(
        r"\bnumero (?:equivocado|incorrecto|erroneo)\b",
        r"\bse (?:equivoco|equivocaron|ha equivocado|han equivocado)"
        r" de (?:numero|persona)",
        r"^(?:hola |disculpe |perdon )*quien (?:es|eres|habla|escribe|manda esto)"
        r"(?: usted)?$",
        r"\bno (?:es|era) mi (?:nombre)\b",
        r"\bno conozco a (?:esa|esta) persona\b",
        r"\baqui no (?:vive|hay) (?:esa|nadie)\b",
    ),
    unless=(
        r"\bno (?:quiero|deseo) (?:cancelar|dar(?:me)? de baja|cambiar|reprogramar)",
        r"\bno (?:necesito|hace falta) (?:cambiar|reprogramar)",
        r"\bes (?:este )?(?:un|el) numero equivocado\b",
    ),
)
