"""The settings of `[transport.smtp]`: the relay, its proof, and who we are to it."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    model_validator,
)

from reminder.transports.mime import UnusableAddress, read_address

_PORTS = {"starttls": 587, "tls": 465}


def _ascii_addr_spec(value: str) -> str:
    try:
        address = read_address(value)
    except UnusableAddress:
        raise ValueError("not an e-mail address") from None
    if address.needs_smtputf8:
        raise ValueError("only ASCII is allowed before the @")
    return address.addr_spec


AddrSpec = Annotated[str, AfterValidator(_ascii_addr_spec)]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]


class SMTPConfig(BaseModel):
    """One relay and the encryption it must show before it gets anything."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    host: HostName
    """The relay's name, as its certificate has it."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """The relay's port; 587 with STARTTLS and 465 with TLS from the start."""
    security: Literal["starttls", "tls"] = "starttls"
    """How encryption begins: `starttls` on a plain port, or `tls` from the start."""
    username: str | None = None
    """The name to sign in with at the relay; none means that it knows us otherwise."""
    password: SecretStr | None = None
    """The password that goes with the name."""
    ca_bundle: FilePath | None = None
    """A PEM file of the authorities to trust for the relay, instead of the system's."""
    from_addr: AddrSpec
    """The address that patients see messages come from."""
    mail_from: AddrSpec | None = None
    """The envelope sender, where bounces go; the visible address when not given."""
    hello_name: HostName | None = None
    """The name we greet the relay with; the domain of `from_addr` when not given."""
    message_id_domain: HostName | None = None
    """What follows the @ in Message-IDs; the domain of `from_addr` when not given."""
    connections: int = Field(default=4, ge=1, le=100)
    """How many connections to the relay may be open at once."""
    connect_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds to wait for the relay to take a connection and greet us."""
    command_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds to wait for the answer to each command."""
    data_timeout_s: float = Field(default=600.0, gt=0)
    """Seconds to wait for the answer to a whole message; RFC 5321 asks for 600."""
    idle_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds after which an unused connection is closed."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        other = {"starttls": 465, "tls": 587}[self.security]
        if self.port == other:
            raise ValueError(f"port {other} does not go with security={self.security}")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self

    @property
    def actual_port(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.security]

    @property
    def domain(self) -> str:
        """The domain of `from_addr`, ours in every default."""
        return self.from_addr.rpartition("@")[2]
