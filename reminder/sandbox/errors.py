"""What goes wrong in the sandbox itself. Messages name ids and codes, no names.

SandboxError         a part cannot be started or filled, or the story went otherwise
└── LostVisitor      a page did not offer what its visitor looked for
"""


class SandboxError(Exception):
    """The sandbox cannot go on."""


class LostVisitor(SandboxError):
    """A page did not offer what the visitor looked for."""
