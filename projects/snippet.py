"""The texts to copy from the install page (script, curl) and from the page that shows a new API key."""

import json

METHODS = (
    "track", "identify", "resetIdentity", "addUserProperties", "addEventProperties", "removeEventProperty",
    "clearEventProperties", "getUserId", "getIdentity", "getSessionId", "setEventProperties", "unsetEventProperty",
    "addPageviewProperties", "removePageviewProperty", "clearPageviewProperties", "trackPageview",
    "addAccountProperties", "startTracking", "stopTracking", "onReady",
)  # fmt: skip


def snippet(*, app_id: str, site_url: str) -> str:
    """The script element for a web page. It queues calls until the tracker from `site_url` has loaded.

    Where a page asks for Trusted Types, its policy is called heapadmin.
    """
    return f"""<script>
  window.heap = window.heap || [];
  heap.load = function (appid, config) {{
    heap.appid = appid;
    heap.config = config = config || {{}};
    var script = document.createElement("script");
    script.async = true;
    var url = config.trackingServer + "/js/heap-" + appid + ".js";
    if (window.trustedTypes) {{
      heap.policy = heap.policy || trustedTypes.createPolicy("heapadmin", {{
        createScriptURL: function (url) {{ return url; }}
      }});
      url = heap.policy.createScriptURL(url);
    }}
    script.src = url;
    document.head.appendChild(script);
    {json.dumps(METHODS)}.forEach(function (method) {{
      heap[method] = function () {{
        heap.push([method].concat([].slice.call(arguments)));
      }};
    }});
  }};
  heap.load({json.dumps(app_id)}, {{ trackingServer: {json.dumps(site_url)} }});
</script>"""


def curl(*, app_id: str, site_url: str) -> str:
    """A command that sends one event."""
    body = json.dumps({"app_id": app_id, "identity": "ada@example.com", "event": "Signed up"})
    return f"curl -X POST {site_url}/api/track -H 'Content-Type: application/json' -d '{body}'"


def token_curl(*, app_id: str, secret: str, site_url: str) -> str:
    """A command that fetches an access token with an API key."""
    return f"curl -X POST {site_url}/api/public/v0/auth_token -u '{app_id}:{secret}'"


def read_curl(*, secret: str, site_url: str) -> str:
    """A command that asks with an API token what it opens."""
    return f"curl {site_url}/api/public/v1/project -H 'Authorization: Bearer {secret}'"
