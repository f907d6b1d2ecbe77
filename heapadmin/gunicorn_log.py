"""What gunicorn and uvicorn themselves have to say, limited like the log of everything else."""

import logging
from typing import Any

from gunicorn.glogging import Logger

from heapadmin.log_limits import LimitedHandler


class LimitedLogger(Logger):
    """gunicorn's, unless it is told to write to files."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            if type(handler) is logging.StreamHandler:
                limited = LimitedHandler(handler.stream)
                limited.setFormatter(handler.formatter)
                limited._gunicorn = True  # type: ignore[attr-defined]  # removed when the configuration is read again
                self.error_log.removeHandler(handler)
                self.error_log.addHandler(limited)
