"""A limit of requests a minute, kept by waiting before a request rather than being turned away after it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

MINUTE = 60.0


@dataclass(slots=True)
class Pace:
    """At most `limit` turns in any `window` of seconds; the first `limit` need not wait."""

    limit: int
    window: float = MINUTE
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _turns: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, say: Callable[[str], None] = lambda words: None) -> None:
        """Returns when one more request is within the limit. Safe to call from several threads."""
        with self._lock:
            if len(self._turns) >= self.limit:
                left = self._turns.popleft() + self.window - self.clock()
                if left > 0:
                    say(f"waiting {left:.0f} s, for Zendesk allows {self.limit} exports a minute")
                    self.sleep(left)
            self._turns.append(self.clock())
