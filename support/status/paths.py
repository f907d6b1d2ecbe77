"""Where the status page is. It needs nothing, so that it can be read before Django is set up."""

PAGE, JSON = "/status/", "/status.json"
