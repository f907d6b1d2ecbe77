// The tracker of a web page, loaded by the snippet of the install page (projects/snippet.py). docs/collection-api.md
// says what it sends. It never throws into the page, and never takes what somebody types.
// collector/tracker/__init__.py takes away lines that are comments, and indentation.
(function (window, document) {
  "use strict";
  var heap = window.heap;
  if (!heap || !heap.appid || heap.loaded) return;

  var VERSION = "4.0";
  var SESSION_MS = 30 * 60e3;
  var KEEP_MS = 6 * 864e5; // repeats are recognised for 7 days
  var MOST_ENTRIES = 500;
  var MOST_STORED = 2e5; // characters
  var MOST_SENT = 3e4; // characters in one request: browsers take 64 KiB from a page that closes
  var BATCH_MS = 300;
  var IGNORED = ".heap-ignore,[heap-ignore],[data-heap-ignore],input[type=password]";
  var UNREAD = "script,style,input,textarea,select,[contenteditable]," + IGNORED;

  var appId = String(heap.appid);
  var config = heap.config || {};
  var script = document.currentScript;
  var server = String(config.trackingServer || (script && script.src.replace(/\/js\/heap-.*$/, "")) || "");
  server = server.replace(/\/+$/, "");
  if (config.forceSSL) server = server.replace(/^http:/, "https:");

  function safe(what) {
    return function () {
      try {
        return what.apply(this, arguments);
      } catch (error) {
        // the page must not notice
      }
    };
  }

  function encode(text) {
    text = String(text).replace(/\0/g, "");
    try {
      return encodeURIComponent(text);
    } catch (error) {
      return encodeURIComponent(text.replace(/[\ud800-\udfff]/g, "\ufffd"));
    }
  }

  function random() {
    var parts = new Uint32Array(2);
    window.crypto.getRandomValues(parts);
    return String((parts[0] >>> 11) * 4294967296 + parts[1]);
  }

  // --- Cookies, on the root domain; in memory where there are none --------------------------------------------------
  var memory = {};
  var domain = "";
  var cookiesWork = false;

  function setCookie(name, value, seconds) {
    document.cookie = name + "=" + value + ";path=/;max-age=" + seconds + ";samesite=lax" +
      (domain ? ";domain=" + domain : "") + (config.secureCookie ? ";secure" : "");
  }

  function getCookie(name) {
    var found = ("; " + document.cookie).split("; " + name + "=")[1];
    return found && found.split(";")[0];
  }

  function findDomain() {
    var labels = location.hostname.split(".");
    var isName = /[a-z]/i.test(labels[labels.length - 1]) && location.hostname.indexOf(":") < 0;
    for (var from = labels.length - 1; from >= -1; from--) {
      domain = from < 0 ? "" : "." + labels.slice(from).join(".");
      if (domain && (!isName || labels.length < 2)) continue;
      setCookie("_hp2_try", "1", 9);
      if (getCookie("_hp2_try")) {
        cookiesWork = true;
        setCookie("_hp2_try", "", 0);
        return;
      }
    }
  }

  function read(name) {
    name = "_hp2_" + name + "." + appId;
    if (!cookiesWork) return memory[name];
    try {
      return JSON.parse(decodeURIComponent(getCookie(name)));
    } catch (error) {
      return null;
    }
  }

  function write(name, value, seconds) {
    name = "_hp2_" + name + "." + appId;
    memory[name] = value;
    if (cookiesWork) setCookie(name, encode(JSON.stringify(value)), seconds);
  }

  // --- Who and where ------------------------------------------------------------------------------------------------
  var page = {};
  var eventProperties = {};

  function saveId(id) {
    write("id", id, 390 * 86400);
  }

  // The visitor and the session as they are now; `isNew` is the protocol's z.
  function current() {
    var now = Date.now();
    var id = read("id");
    var session = read("ses_props");
    id = id && id.userId ? id : { userId: random(), trackerVersion: VERSION };
    var isNew = id.sessionId ? 2 : 0;
    if (!session || !id.sessionId || now - session.at > SESSION_MS) {
      isNew = isNew && 1;
      id.sessionId = random();
      session = {
        r: cut(document.referrer, 500),
        q: /utm_/.test(location.search) ? cut(location.search, 500) : "",
        d: location.hostname
      };
    }
    id.pageviewId = page.v;
    session.at = now;
    saveId(id);
    write("ses_props", session, SESSION_MS / 1e3);
    return { id: id, session: session, isNew: isNew };
  }

  function forget() {
    saveId({ userId: random(), sessionId: random(), pageviewId: page.v, trackerVersion: VERSION });
    write("ses_props", null, 0);
  }

  // What all requests have in common.
  function common(now) {
    var parts = ["a=" + appId, "u=" + now.id.userId, "v=" + page.v, "s=" + now.id.sessionId, "b=web", "tv=" + VERSION];
    function add(name, value) {
      if (value) parts.push(name + "=" + encode(value));
    }
    add("i", now.id.identity);
    ["d", "h", "q", "g", "t", "r", "pr"].forEach(function (name) {
      add(name, page[name]);
    });
    ["r", "q"].forEach(function (name) {
      if (now.session[name]) parts.push("sp=" + name + "&sp=" + encode(now.session[name]));
    });
    return parts.join("&");
  }

  // --- Properties ---------------------------------------------------------------------------------------------------
  function cut(text, most) {
    return String(text).slice(0, most);
  }

  // {a: {b: [1, 2]}} as {"a.b": "1||2"}: plain values only, whatever the page hands over.
  function flat(given, into, prefix, depth) {
    Object.keys(given || {}).forEach(function (key) {
      var value = given[key];
      key = cut(prefix + key, 1024);
      if (value instanceof Date) value = value.toISOString();
      if (Array.isArray(value)) value = value.join("||");
      if (!key || value === undefined || typeof value === "function" || typeof value === "symbol") return;
      if (typeof value === "number" && !isFinite(value)) return;
      if (value && typeof value === "object") {
        if (depth < 5) flat(value, into, key + ".", depth + 1);
      } else {
        into[key] = /number|boolean/.test(typeof value) || value === null ? value : cut(value, 1024);
      }
    });
    return into;
  }

  // As parameters: texts as they are, other values as JSON.
  function parameters(properties, text) {
    return Object.keys(properties).map(function (key) {
      var value = properties[key];
      return typeof value === "string" ? text(encode(key), encode(value)) : ["l", encode(key), "l", encode(JSON.stringify(value))];
    });
  }

  function eventParameters(properties) {
    var all = flat(properties, flat(eventProperties, {}, "", 0), "", 0);
    return parameters(all, function (key, value) {
      return ["k", key, "k", value];
    });
  }

  // --- What waits to be sent: kept in localStorage until it is answered ---------------------------------------------
  // An entry: p path, c common parameters, e [[name, value, …], …] of one event, n whether they are numbered, at.
  var queue = [];
  var sending = 0; // entries of the request that is under way
  var failures = 0;
  var most = 50; // entries in one request
  var timer = 0;
  var notBefore = 0;
  var key = "_hp2_q." + appId + ".";

  function open() {
    var tab = sessionStorage.getItem(key) || random();
    sessionStorage.setItem(key, tab);
    Object.keys(localStorage).forEach(function (name) {
      if (name.indexOf(key) !== 0) return;
      var kept = JSON.parse(localStorage.getItem(name));
      if (name !== key + tab && Date.now() - kept.at < 60e3) return; // another tab's, at work
      queue = kept.entries.concat(queue);
      localStorage.removeItem(name);
    });
    key += tab;
    save();
  }

  function save() {
    var text;
    for (;;) {
      while (queue.length > sending && (queue.length > MOST_ENTRIES || queue[sending].at < Date.now() - KEEP_MS)) {
        queue.splice(sending, 1);
      }
      text = JSON.stringify({ at: Date.now(), entries: queue });
      if (text.length < MOST_STORED || queue.length <= sending) break;
      queue.splice(sending, 1 + queue.length / 10);
    }
    try {
      if (queue.length) localStorage.setItem(key, text);
      else localStorage.removeItem(key);
    } catch (error) {
      // full, or forbidden: what waits is in memory
    }
  }

  function add(path, event, isNumbered, now) {
    queue.push({ p: path, c: common(now), e: event, n: isNumbered, at: Date.now() });
    save();
    schedule(BATCH_MS);
  }

  function schedule(ms) {
    clearTimeout(timer);
    timer = setTimeout(flush, Math.ceil(Math.max(ms, notBefore - Date.now())));
  }

  // The next request: entries of one page, in their order. {count, path, body}
  function next(from) {
    var first = queue[from];
    var body = first.c;
    var number = 0;
    for (var count = 0; count < most && from + count < queue.length; count++) {
      var entry = queue[from + count];
      if (entry.p !== first.p || entry.c !== first.c || (count && (!entry.n || body.length > MOST_SENT))) break;
      var suffix = entry.n ? number++ : "";
      entry.e.forEach(function (each) {
        for (var i = 0; i < each.length; i += 2) body += "&" + each[i] + suffix + "=" + each[i + 1];
      });
    }
    return { count: count, path: first.p, body: body + "&st=" + Date.now() };
  }

  var flush = safe(function () {
    if (!queue.length || sending || navigator.onLine === false) return;
    if (Date.now() < notBefore) return schedule(0); // a timer may be a moment early
    var request = next(0);
    sending = request.count;
    if (!window.fetch) {
      new Image().src = server + request.path + "?" + request.body;
      return answered(200, request.count);
    }
    post(request).then(
      safe(function (response) {
        answered(response.status, request.count, response.headers.get("Retry-After"));
      }),
      safe(function () {
        answered(0, request.count);
      })
    );
  });

  function post(request) {
    return fetch(server + request.path, { method: "POST", body: request.body, keepalive: true, credentials: "omit" });
  }

  function answered(status, count, retryAfter) {
    sending = 0;
    if (!status || status >= 500 || status === 408 || status === 429) {
      failures = Math.min(failures + 1, 6);
      var wait = Math.max(1e3 * Math.pow(2, failures - 1) * (0.5 + Math.random()), (retryAfter || 0) * 1e3);
      notBefore = Date.now() + wait;
      save();
      return schedule(wait);
    }
    failures = notBefore = 0;
    if ((status === 400 || status === 413) && count > 1) {
      most = 1; // one of them is refused: which one?
    } else {
      queue.splice(0, count);
      if (status < 400) most = 50;
    }
    save();
    if (queue.length) schedule(0);
  }

  // The page may be gone in a moment: send all. It stays stored until an answer says that it arrived; what was sent
  // twice is recognised by its ids.
  var flushAll = safe(function () {
    var from = sending;
    while (from < queue.length && navigator.sendBeacon) {
      var request = next(from);
      if (!navigator.sendBeacon(server + request.path, request.body)) break;
      from += request.count;
    }
    save();
  });

  // --- Events -------------------------------------------------------------------------------------------------------
  function capture(type, about, properties) {
    var event = [["id", random(), "t", encode(type), "ts", Date.now()]];
    add("/h", event.concat(about, eventParameters(properties)), true, current());
  }

  var pageview = safe(function () {
    var before = page;
    var address = location.pathname + location.search + location.hash;
    if (before.address === address) return;
    page = {
      v: random(),
      d: location.hostname,
      h: cut(location.pathname, 1024),
      q: cut(location.search, 1024),
      g: cut(location.hash, 1024),
      t: cut(document.title, 1024),
      r: cut(before.href || document.referrer, 1024),
      pr: before.h,
      href: location.href,
      address: address
    };
    var now = current();
    if (config.disablePageviewAutocapture) return;
    add("/h", [["z", now.isNew, "ts", Date.now()]].concat(eventParameters()), false, now);
  });

  function attribute(element, name) {
    return (element.getAttribute && element.getAttribute(name)) || "";
  }

  // The text that the page shows in an element that is small, without what is ignored or typed.
  function textOf(element) {
    var nodes = 0;
    function walk(node) {
      if (++nodes > 60) return "";
      if (node.nodeType === 3) return node.data + " ";
      if (node.nodeType !== 1 || node.matches(UNREAD)) return "";
      return [].map.call(node.childNodes, walk).join("");
    }
    var isButton = element.localName === "input" && /^(submit|button|reset)$/.test(element.type);
    var text = isButton ? attribute(element, "value") : walk(element);
    return nodes > 60 ? "" : cut(text.replace(/\s+/g, " ").trim(), 255);
  }

  function hierarchyOf(element) {
    var levels = [];
    for (; element && element.nodeType === 1; element = element.parentElement) {
      var level = "@" + element.localName + ";";
      if (attribute(element, "id")) level += "#" + clean(attribute(element, "id")) + ";";
      [].forEach.call(element.classList, function (name) {
        level += "." + clean(name) + ";";
      });
      ["name", "type", "role"].forEach(function (name) {
        if (attribute(element, name)) level += "[" + name + "=" + clean(attribute(element, name)) + "];";
      });
      levels.unshift(level + "|");
    }
    return levels.join("").slice(-4000);
  }

  function clean(text) {
    return cut(text, 200).replace(/[;|]/g, " ");
  }

  var onEvent = safe(function (event) {
    var path = event.composedPath ? event.composedPath() : [];
    var target = path[0] || event.target;
    if (target.nodeType === 3) target = target.parentElement;
    if (!target || !target.closest || target.closest(IGNORED)) return;
    for (var i = 0; i < path.length; i++) if (path[i].matches && path[i].matches(IGNORED)) return;
    var type = event.type;
    if (type === "click") target = target.closest("a,button,[role=button],input,select,textarea,summary,label") || target;
    var link = type === "click" && target.closest("a[href]");
    var about = {
      n: target.localName,
      c: attribute(target, "class"),
      i: attribute(target, "id"),
      h: link && attribute(link, "href"),
      x: type === "click" && !config.disableTextCapture && textOf(target),
      y: type !== "change" && hierarchyOf(target)
    };
    var found = Object.keys(about).filter(function (name) {
      return about[name];
    });
    capture(type, found.map(function (name) {
      return [name, encode(name === "y" ? about.y : cut(about[name], 1024))];
    }));
  });

  // --- Methods ------------------------------------------------------------------------------------------------------
  var methods = {
    track: function (name, properties) {
      name = cut(name === undefined || name === null ? "" : name, 1024);
      if (encode(name).length > 2400) name = cut(name, 260);
      if (name) capture(name, [["e", "1"]], properties);
    },
    identify: function (identity) {
      if (identity && typeof identity === "object") {
        var properties = flat(identity, {}, "", 0);
        identity = properties.handle || properties.email;
        delete properties.handle;
        if (identity) methods.identify(identity);
        return methods.addUserProperties(properties);
      }
      identity = identity === undefined || identity === null ? "" : cut(identity, 255);
      var id = current().id;
      if (!identity || id.identity === identity) return;
      if (id.identity) forget();
      id = read("id");
      id.identity = identity;
      saveId(id);
      add("/api/identify_v3", [], false, current());
    },
    resetIdentity: function () {
      if (current().id.identity) forget();
    },
    addUserProperties: function (properties) {
      properties = flat(properties, {}, "", 0);
      Object.keys(properties).forEach(function (name) {
        if (name.toLowerCase() === "id") delete properties[name];
      });
      if (!Object.keys(properties).length) return;
      add("/api/add_user_properties_v3", parameters(properties, function (name, value) {
        return ["_" + name, value];
      }), false, current());
    },
    addEventProperties: function (properties) {
      setEventProperties(flat(properties, eventProperties, "", 0));
    },
    removeEventProperty: function (name) {
      delete eventProperties[name];
      setEventProperties(eventProperties);
    },
    clearEventProperties: function () {
      setEventProperties({});
    },
    getUserId: function () {
      return current().id.userId;
    },
    getIdentity: function () {
      return current().id.identity || null;
    },
    getSessionId: function () {
      return current().id.sessionId;
    }
  };
  methods.setEventProperties = methods.addEventProperties;
  methods.unsetEventProperty = methods.removeEventProperty;

  function setEventProperties(properties) {
    eventProperties = properties;
    write("props", properties, 390 * 86400);
  }

  // --- Begin --------------------------------------------------------------------------------------------------------
  function begin() {
    findDomain();
    eventProperties = read("props") || {};
    safe(open)();
    pageview();
    ["click", "change", "submit"].forEach(function (type) {
      document.addEventListener(type, onEvent, true);
    });
    var pushState = history.pushState;
    history.pushState = function () {
      var result = pushState.apply(this, arguments);
      pageview();
      return result;
    };
    ["popstate", "hashchange"].forEach(function (type) {
      window.addEventListener(type, pageview);
    });
    window.addEventListener("pageshow", function (event) {
      if (event.persisted) {
        page.address = "";
        pageview();
      }
    });
    window.addEventListener("pagehide", flushAll);
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "hidden") flushAll();
    });
    window.addEventListener("online", function () {
      notBefore = 0;
      schedule(0);
    });
    var waiting = heap.splice(0, heap.length);
    Object.keys(methods).forEach(function (name) {
      heap[name] = safe(methods[name]);
    });
    heap.push = safe(function (call) {
      heap[call[0]].apply(heap, call.slice(1));
    });
    waiting.forEach(heap.push);
    if (queue.length) schedule(0);
  }

  heap.loaded = true;
  if (document.prerendering) document.addEventListener("prerenderingchange", safe(begin), { once: true });
  else safe(begin)();
})(window, document);
