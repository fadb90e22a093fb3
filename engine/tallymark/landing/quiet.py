"""dlt, kept to itself: no telemetry, no settings from elsewhere, no log lines, no files outside the folder it is given.

By itself dlt looks for settings and secrets in the environment and in `secrets.toml` files, keeps its work in the home
folder, and reports its use. Here it gets the settings below and nothing else, for as long as a sync runs; a program
that uses dlt for itself finds its own context as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from tallymark.errors import Fault, FaultError

if TYPE_CHECKING:
    from dlt.common.runtime.run_context import RunContext

SETTINGS: dict[str, Any] = {
    "runtime": {
        "dlthub_telemetry": False,
        "log_level": "CRITICAL",
        "intercept_signals": False,
        "request_max_attempts": 5,
        "request_max_retry_delay": 120,
        "request_timeout": 60,
    },
    "enable_runtime_trace": False,
    "restore_from_destination": True,
    "normalize": {"workers": 1},
    "load": {"workers": 1, "raise_on_failed_jobs": True},
}
"""What dlt would otherwise read from `config.toml`. A trace would write down what the sources were called with."""

_ALONE = RLock()
"""dlt's context is the process's own: one sync at a time in it."""


def require_dlt() -> None:
    """Raises FaultError (L800) when dlt is not installed."""
    if find_spec("dlt") is None:
        message = "`tally sync` needs the package `dlt`, which is not installed"
        raise FaultError(Fault("L800", message, None, 'install it with `pip install "tallymark[sync]"`'))


@contextmanager
def quiet_dlt(folder: Path) -> Iterator[None]:
    """dlt with `SETTINGS` alone, working below `folder`; other threads wait their turn. Raises FaultError (L800)."""
    require_dlt()
    with _ALONE:
        from dlt.common import logger
        from dlt.common.configuration.container import Container
        from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
        from dlt.common.pipeline import PipelineContext
        from dlt.common.runtime import anon_tracker

        container, told = Container(), logger.LOGGER
        # One that the program itself started stays silent about what is done here.
        endpoint = anon_tracker._ANON_TRACKER_ENDPOINT
        anon_tracker._ANON_TRACKER_ENDPOINT = None  # type: ignore[assignment]  # none is there any more
        try:
            # dlt's own context, which would start its telemetry, is not made if the program has not made it.
            with container.injectable_context(PluggableRunContext(_context(folder))):
                try:
                    yield
                finally:
                    pipeline = container[PipelineContext]
                    if pipeline.is_active():
                        pipeline.deactivate()
        finally:
            logger.LOGGER = told
            anon_tracker._ANON_TRACKER_ENDPOINT = endpoint
            logging.getLogger("dlt").propagate = True


def _context(folder: Path) -> RunContext:
    from dlt.common.configuration.providers.dictionary import DictionaryProvider
    from dlt.common.configuration.providers.provider import ConfigProvider
    from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
    from dlt.common.runtime.run_context import RunContext

    class Alone(RunContext):
        """A run context whose every folder is `folder`, and whose only settings are `SETTINGS`."""

        run_dir = local_dir = settings_dir = data_dir = global_dir = property(lambda self: str(folder))

        def initial_providers(self) -> list[ConfigProvider]:
            provider = DictionaryProvider()
            provider._config_doc = SETTINGS
            return [provider]

        def initialize_runtime(self, runtime_config: RuntimeConfiguration | None = None) -> None:
            settled = RuntimeConfiguration()
            for name, value in SETTINGS["runtime"].items():
                if name in RuntimeConfiguration.__dataclass_fields__:
                    setattr(settled, name, value)
            super().initialize_runtime(settled)

    return Alone(str(folder))
