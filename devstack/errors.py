"""The error class of the local stack."""


class StackError(Exception):
    """A command of the stack failed; the message gives the reason and the next action."""
