"""What a clock is here: something that says the present instant, aware and in UTC."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
