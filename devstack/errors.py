"""The one error of the local stack."""


class StackError(Exception):
    """The stack cannot do what was asked; the message says why and what to do next."""
