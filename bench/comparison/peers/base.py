"""What the bench needs of anything it measures."""

from abc import ABC, abstractmethod


class PeerMissing(Exception):
    """The peer cannot run on this machine; the message says what to do about it."""


class Peer(ABC):
    """One gateway under measurement. Its process serves `stage.workload` at `base_url` with one worker thread, keeps
    client and upstream connections alive, and writes no access log."""

    #: Short name, used on the command line and in results.
    name: str
    #: What it does, in a few words.
    label: str
    #: Whether it must refuse a key that nobody has, and show its limits.
    is_gated = False
    #: Whether it must be seen calling the script.
    asks_redis = False
    #: The field that shows that an answer was limited.
    limit_field = "RateLimit"
    #: {program or file: Debian package}
    packages: dict = {}

    def __init__(self, stage):
        self.stage = stage
        self.workload = stage.workload

    @abstractmethod
    def start(self):
        """Starts the process and returns once it accepts connections. Raises PeerMissing or StartFailure."""

    @abstractmethod
    def stop(self):
        """Ends the process. May be called when `start` failed."""

    @property
    @abstractmethod
    def base_url(self):
        """`http://127.0.0.1:PORT`, without a path."""

    @property
    @abstractmethod
    def pids(self):
        """Every process whose CPU counts as the gateway's."""

    @property
    @abstractmethod
    def command(self):
        """The words it was started with."""

    @abstractmethod
    def version(self):
        """One line."""

    def configuration(self):
        """The configuration file's text, for the record."""
        return ""

    def metered(self):
        """Requests that the peer's meters counted so far, or None if it keeps none."""
        return None
