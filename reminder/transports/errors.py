"""Why a transport cannot be used at all, said at start and in words for IT.

TransportError
├── UnknownTransport      no installed package offers one of that name
└── UnusableTransport     it cannot be loaded, or was made for another contract
"""


class TransportError(Exception):
    """A transport named in the settings cannot be used."""


class UnknownTransport(TransportError):
    """No installed package offers a transport of that name."""


class UnusableTransport(TransportError):
    """It is installed, but not as this version of the contract wants it."""
