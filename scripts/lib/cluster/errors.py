"""What ends a command: an exit status and one line for the person who ran it."""


class ClusterError(Exception):
    """The command failed; the message says what, and `log` where the details are."""

    status = 1

    def __init__(self, message: str, log=None):
        super().__init__(message)
        self.log = log


class UsageError(ClusterError):
    """The command line is wrong."""

    status = 2


class Interrupted(ClusterError):
    """A signal asked the command to end."""

    status = 143
