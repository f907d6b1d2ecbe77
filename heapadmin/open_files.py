"""A worker that has as many files and connections open as it may: libuv then closes new connections without a word."""

import errno
import logging
import os
import resource

log = logging.getLogger(__name__)


def warn_when_used_up() -> None:
    """Try to open one more, and log when there is no room. Costs two system calls."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            log.error(
                "%s: new connections are closed without an answer. A process may have %d files and connections open; "
                "raise that (ulimit -n, LimitNOFILE) or let the proxy hold fewer connections.",
                os.strerror(error.errno),
                most,
            )
