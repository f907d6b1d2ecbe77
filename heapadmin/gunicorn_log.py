"""What gunicorn and uvicorn themselves have to say, limited and written like the log of everything else."""

import logging
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger

from heapadmin.log_limits import LimitedHandler
from heapadmin.log_lines import FORMATTERS


class LimitedLogger(Logger):
    """gunicorn's, unless it is told to write to files."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logging.captureWarnings(True)
        for handler in list(self.error_log.handlers):
            if type(handler) is logging.StreamHandler:
                limited = LimitedHandler(handler.stream)
                limited.setFormatter(FORMATTERS[settings.LOG_FORMAT]())
                limited._gunicorn = True  # type: ignore[attr-defined]  # removed when the configuration is read again
                self.error_log.removeHandler(handler)
                self.error_log.addHandler(limited)
