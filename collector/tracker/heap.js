// The tracker of a web page, loaded by the snippet of the Install page (projects/snippet.py). docs/collection-api.md
// says what it sends. It never throws an error into the page, and never reads what a visitor types.
// collector/tracker/__init__.py removes comment lines and indentation.
// `settings`, the argument in the last line, overrides the page's configuration: collector/tracker/__init__.py writes
// there what the environment leaves out (projects/capture.py).
(function (window, document, settings) {
  "use strict";
  var heap = (window.heap = window.heap || []);
  var script = document.currentScript;
  var named = /^(.*)\/(?:js\/heap-|config\/)(\d+)(?:\.js|\/heap_config\.js)/.exec(script && script.src) || [];
  var appId = String(named[2] || heap.appid || heap.envId || "");
  if (!appId) return;
  if (heap.loaded) {
    heap.load(appId);
    return;
  }

  var VERSION = "4.0";
  var SESSION_MS = 30 * 60e3;
  var KEEP_MS = 6 * 864e5; // repeats are recognised for 7 days
  var MOST_ENTRIES = 2000;
  var MOST_STORED = 15e5; // characters, of some 5 million that a site may store
  var MOST_COOKIE = 3800; // characters
  var MOST_SENT = 3e4; // characters of several events in one request
  var MOST_CLOSING = 6e4; // characters: browsers take 64 KiB from a page that closes
  var BATCH_MS = 300;
  var HANGS_MS = 6e4;
  var IGNORED = ".heap-ignore,[heap-ignore],[data-heap-ignore],input[type=password]";
  var REDACTED = "[data-heap-redact-text]";
  // A file's path shows who uses the machine, a data: address holds the page itself, and a javascript: one is code.
  var NOT_SENT = /^(file|data|blob|about|javascript|vbscript):/;
  // Not identities: programs send these for an unknown user.
  var NOBODY = /^(undefined|null|nan|none|true|false|\[object .*\])$/i;
  var INVISIBLE = /[\s\0-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\uffff\udb40\udc00-\udfff]/g;
  var UNREAD = "script,style,input,textarea,select,[contenteditable]," + IGNORED;

  var config = Object.assign({}, heap.config || heap.clientConfig, settings);
  var server = String(config.ingestServer || config.trackingServer || named[1] || "");
  server = server.replace(/\/+$/, "");
  if (config.forceSSL) server = server.replace(/^http:/, "https:");

  function safe(what) {
    return function () {
      try {
        return what.apply(this, arguments);
      } catch (error) {
        // an error must not reach the page
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

  // --- Storage: cookies on the root domain, else localStorage, else memory ------------------------------------------
  var memory = {};
  var domain = "";
  var isTracking = !config.disableTracking;
  // The browser asks not to be tracked, and the environment obeys.
  var isRefused = (config.gpc && navigator.globalPrivacyControl) || (config.dnt && navigator.doNotTrack === "1");
  var sameSite = "";
  var cookiesWork = false;
  var storage = safe(function () {
    return window.localStorage;
  })();

  // The ticket with which somebody labels in this tab (docs/labelling.md): nothing is collected there. The page's router
  // may have taken it out of the address already. label/begin.js takes it out once the router has started, and ends it.
  // A frame may be earlier than the page around it; in one of another site, this is an error, and there is no ticket.
  var ticket = safe(function () {
    var addresses = top.location.href + "\n" + (performance.getEntriesByType("navigation")[0] || 0).name;
    var found = /#(?:.*[&?])?heapadmin-label=([\w-]{43})$/m.exec(addresses);
    if (found) sessionStorage.heapTicket = found[1];
    return sessionStorage.heapTicket;
  })();

  function setCookie(name, value, seconds) {
    document.cookie = name + "=" + value + ";path=/;max-age=" + seconds + ";samesite=" + sameSite +
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

  // In a frame of another site, only partitioned cookies work.
  function findCookies() {
    ["lax", "none;secure;partitioned"].forEach(function (attributes) {
      if (cookiesWork) return;
      sameSite = attributes;
      findDomain();
    });
  }

  var read = safe(function (name) {
    name = "_hp2_" + name + "." + appId;
    var cookie = cookiesWork && getCookie(name);
    var text = cookie ? decodeURIComponent(cookie) : memory[name] || (storage && storage.getItem(name));
    return text && JSON.parse(text);
  });

  function write(name, value, seconds) {
    name = "_hp2_" + name + "." + appId;
    var text = JSON.stringify(value);
    var cookie = encode(text);
    var fits = cookiesWork && cookie.length < MOST_COOKIE;
    if (cookiesWork) setCookie(name, fits ? cookie : "", fits ? seconds : 0);
    delete memory[name];
    try {
      if (fits) storage.removeItem(name);
      else storage.setItem(name, text);
    } catch (error) {
      if (!fits) memory[name] = text;
    }
  }

  function tracks() {
    var place = location.hostname + location.pathname;
    return isTracking && !ticket && !isRefused && !(config.only && !RegExp(config.only).test(place)) &&
      !(config.never && RegExp(config.never).test(place));
  }

  // --- Visitor, session and page ------------------------------------------------------------------------------------
  var page = {};

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
        r: cut(plain(document.referrer), 500),
        q: cut((location.search.match(/utm_\w+=[^&]*/g) || []).join("&"), 500),
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

  // The parameters that are the same for all requests.
  function common(now) {
    var parts = ["a=" + appId, "u=" + now.id.userId, "v=" + page.v, "s=" + now.id.sessionId, "b=web", "tv=" + VERSION];
    function add(name, value) {
      if (value) parts.push(name + "=" + encode(value));
    }
    add("i", now.id.identity);
    ["d", "h", "q", "g", "r", "pr"].forEach(function (name) {
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

  // Turns {a: {b: [1, 2]}} into {"a.b": "1||2"}, and drops values that cannot be sent.
  function flat(given, into, prefix, depth) {
    if (!given || typeof given !== "object") return into;
    Object.keys(given).forEach(function (key) {
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

  // Properties as parameters: `text` makes those of a text; other values become JSON under `l`.
  function parameters(properties, text) {
    return Object.keys(properties).map(function (key) {
      var value = properties[key];
      return typeof value === "string" ? text(encode(key), encode(value)) : ["l", encode(key), "l", encode(JSON.stringify(value))];
    });
  }

  function eventParameters(properties, ofPageview) {
    var all = flat(properties, flat(ofPageview, flat(read("props"), {}, "", 0), "", 0), "", 0);
    return parameters(all, function (key, value) {
      return ["k", key, "k", value];
    });
  }

  // --- The queue: each entry is kept in localStorage until it is answered ------------------------------------------
  // Stored fields of an entry: p path, c common parameters, t title, e [[name, value, …], …] of one event, n whether
  // these are numbered, at in microseconds. Fields in memory only: key, size, way (1 being sent, 2 being sent by a
  // request that outlives the page), failed (how often it failed alone), after (do not send it earlier), untitled.
  var queue = [];
  var size = 0; // of the queue, in characters
  var last = 0; // the newest at
  var untitled = [];
  var isSending = false;
  var closing = 0; // characters under way in requests that outlive the page
  var failures = 0;
  var most = 50; // entries in one request
  var timer = 0;
  var timerAt = 0;
  var notBefore = 0;
  var prefix = "_hp2_q." + appId + ".";
  var tab = random();

  // Adds what earlier pages of this tab and closed tabs could not send.
  var open = safe(function (isFirst) {
    var newest = {};
    var names = Object.keys(storage).filter(function (name) {
      if (name.indexOf(prefix)) return false;
      var parts = name.slice(prefix.length).split(".");
      newest[parts[0]] = Math.max(newest[parts[0]] || 0, parts[1]);
      return true;
    });
    var isOthers = false;
    names.forEach(safe(function (name) {
      var owner = name.slice(prefix.length).split(".")[0];
      if (owner === tab && isFirst !== true) return; // in the queue
      if (owner !== tab && Date.now() - newest[owner] / 1e3 < 6e4) {
        isOthers = true; // another tab's, at work
        return;
      }
      var text = storage.getItem(name);
      storage.removeItem(name);
      var entry = JSON.parse(text);
      if (entry.at > (Date.now() - KEEP_MS) * 1e3) {
        queue.push(entry);
        keep(entry);
      }
    }));
    queue.sort(function (a, b) {
      return a.at - b.at;
    });
    if (isOthers) setTimeout(open, 6e4);
    if (queue.length) schedule(0);
  });

  function keep(entry) {
    var text = JSON.stringify({ p: entry.p, c: entry.c, t: entry.t, e: entry.e, n: entry.n, at: entry.at });
    size += text.length - (entry.size || 0);
    entry.size = text.length;
    entry.key = prefix + tab + "." + entry.at;
    try {
      storage.setItem(entry.key, text);
    } catch (error) {
      // The storage is full or forbidden: the entry stays in memory.
    }
  }

  function drop(entries) {
    queue = queue.filter(function (entry) {
      if (entries.indexOf(entry) < 0) return true;
      size -= entry.size;
      safe(function () {
        storage.removeItem(entry.key);
      })();
    });
  }

  function add(path, event, isNumbered, now, json) {
    last = Math.max(last + 1, Date.now() * 1e3);
    var entry = { p: path, c: json || common(now), t: title(), e: event, n: isNumbered, at: last };
    if (page.isFresh) {
      entry.untitled = true;
      untitled.push(entry);
    }
    queue.push(entry);
    keep(entry);
    if (queue.length > MOST_ENTRIES || size > MOST_STORED) drop(queue.slice(0, 1 + queue.length / 20));
    schedule(BATCH_MS);
  }

  function title() {
    return config.noTitle ? "" : encode(cut(document.title, 1024));
  }

  // Routers set the title after the address, so events of a page that has just opened get their title later.
  function giveTitles() {
    page.isFresh = false;
    untitled.forEach(function (entry) {
      entry.untitled = false;
      if (entry.t === title()) return;
      entry.t = title();
      keep(entry);
    });
    untitled = [];
  }

  // The first event starts the timer. Later ones do not restart it.
  function schedule(ms) {
    var at = Math.max(Date.now() + ms, notBefore);
    if (timer && timerAt <= at) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(flush, Math.ceil(at - Date.now()));
  }

  // The next request: entries of one page, in their order, for which `may` is true; undefined if there are none.
  function next(may, count, room) {
    var batch = [];
    var body;
    var number = 0;
    queue.some(function (entry) {
      var first = batch[0];
      if (!may(entry)) return false;
      if (first && (!entry.n || entry.p !== first.p || entry.c !== first.c || entry.t !== first.t)) return true;
      var text = first ? "" : "nc=1&" + entry.c + (entry.t && "&t=" + entry.t) + "&st=" + Date.now();
      if (entry.c[0] === "{") text = entry.c;
      entry.e.forEach(function (each) {
        for (var i = 0; i < each.length; i += 2) text += "&" + each[i] + (entry.n ? number : "") + "=" + each[i + 1];
      });
      if (first ? body.length + text.length > Math.min(MOST_SENT, room) : text.length > room) return !!first;
      body = (body || "") + text;
      number += entry.n ? 1 : 0;
      batch.push(entry);
      return batch.length >= count;
    });
    return batch[0] && { entries: batch, body: body, url: server + batch[0].p };
  }

  var flush = safe(function () {
    clearTimeout(timer);
    timer = 0;
    var now = Date.now();
    if (!queue.length || isSending || navigator.onLine === false) return;
    if (now < notBefore) return schedule(0); // a timer may be a moment early
    var age = now - page.at;
    if (age >= (document.title || document.readyState !== "loading" ? BATCH_MS : 3e3)) giveTitles();
    var request = next(function (entry) {
      return !entry.way && !entry.untitled && !entry.failed;
    }, most, Infinity) || next(function (entry) {
      return !entry.way && !entry.untitled && entry.after <= now;
    }, 1, Infinity);
    if (!request) return schedule(untitled[0] ? BATCH_MS / 3 : 1e3);
    isSending = true;
    send(request, false);
  });

  function send(request, outlives) {
    var isOver = false;
    function over(status, retryAfter) {
      if (!isOver) answered(request, outlives, status, retryAfter);
      isOver = true;
    }
    request.entries.forEach(function (entry) {
      entry.way = outlives ? 2 : 1;
    });
    if (outlives) closing += request.body.length;
    setTimeout(over, HANGS_MS, 0);
    try {
      if (!window.fetch) {
        new Image().src = request.url + "?" + request.body;
        over(200);
      } else if (outlives && !("keepalive" in Request.prototype)) {
        navigator.sendBeacon(request.url, request.body);
      } else {
        fetch(request.url, { method: "POST", body: request.body, keepalive: outlives, credentials: "omit" }).then(
          function (response) {
            over(response.status, response.headers.get("Retry-After"));
            return response.text(); // or the browser's quota for pages that close is never given back
          }
        ).catch(function () {
          over(0);
        });
      }
    } catch (error) {
      over(0);
    }
  }

  var answered = safe(function (request, outlives, status, retryAfter) {
    var entries = request.entries;
    entries.forEach(function (entry) {
      entry.way = 0;
    });
    if (outlives) closing -= request.body.length;
    else isSending = false;
    if (!status || status >= 500 || status === 408 || status === 429) {
      failures = Math.min(failures + 1, 6);
      var wait = Math.max(1e3 * Math.pow(2, failures - 1) * (0.5 + Math.random()), (retryAfter || 0) * 1e3);
      if (!entries[0].failed) notBefore = Date.now() + wait;
      if (status !== 429 && !outlives) {
        if (!entries[1]) {
          // It failed alone, so others are sent first.
          entries[0].failed = (entries[0].failed || 0) + 1;
          entries[0].after = Date.now() + wait * entries[0].failed;
        }
        most = 1;
      }
      return schedule(wait);
    }
    failures = notBefore = 0;
    if ((status === 400 || status === 413) && entries[1]) {
      most = 1; // one of them is refused: which one?
    } else {
      if (status < 400) most = 50;
      drop(entries);
    }
    schedule(0);
  });

  // The page may close at any moment. Sends as much as browsers take then, and sends again what is in a request that
  // would end with the page. Entries stay stored until they are answered; the server recognises repeats by their ids.
  var flushAll = safe(function () {
    giveTitles();
    for (var request = 1; request; ) {
      request = next(function (entry) {
        return entry.way !== 2;
      }, 1e3, MOST_CLOSING - closing);
      if (request) send(request, true);
    }
  });

  // --- Events -------------------------------------------------------------------------------------------------------
  function capture(type, about, properties) {
    locate();
    var event = [["id", random(), "t", encode(type), "ts", Date.now()]];
    add("/h", event.concat(about, eventParameters(properties)), true, current());
  }

  // An address without user names and passwords, and without what the environment leaves out.
  function plain(address) {
    address = String(address).replace(/\/\/[^/?#@&\s]*@/g, "//");
    if (config.noQuery) address = address.replace(/\?[^#]*/, "");
    if (config.noHash) address = address.replace(/#.*/, "");
    return cut(address, 1024);
  }

  // The target of a link, as the page writes it; "" if it must not be sent.
  function targetOf(href) {
    try {
      var url = new URL(href, document.baseURI);
      if (NOT_SENT.test(url.protocol)) return "";
      if (!url.username && !url.password) return plain(href);
      url.username = url.password = "";
      return plain(url.href);
    } catch (error) {
      return "";
    }
  }

  // Updates `page` with the current address.
  function locate() {
    var isHidden = NOT_SENT.test(location.protocol);
    page.d = location.hostname;
    page.h = isHidden ? "" : plain(location.pathname);
    page.q = plain(location.search);
    page.g = plain(location.hash);
    page.href = location.href;
    page.route = route();
    page.from = isHidden ? "" : plain(location.href);
  }

  // `isAgain`: the page is shown again and keeps its referrer. `properties` are given if the page calls for a pageview.
  function pageview(isAgain, properties) {
    if (!tracks()) return;
    prepare();
    giveTitles();
    var before = page;
    page = {
      v: random(),
      r: isAgain ? before.r : before.v ? before.from : plain(document.referrer),
      pr: isAgain ? before.pr : before.h,
      at: Date.now(),
      isFresh: true
    };
    locate();
    var now = current();
    if (config.disablePageviewAutocapture && !properties) return;
    var event = [["z", now.isNew, "ts", Date.now()]];
    add("/h", event.concat(eventParameters(properties, read("pv_props"))), false, now);
  }

  // Filters replace the query while a visitor types, which is not a pageview. Replacing the path is one.
  var moved = safe(function (isReplaced) {
    var before = page.route;
    if (location.href === page.href) return;
    if (isReplaced === true && route() === before) locate();
    else pageview();
  });

  function route() {
    return location.pathname + (/^#[!/]/.test(location.hash) ? location.hash : "");
  }

  function attribute(element, name) {
    var redacted = (element.getAttribute("data-heap-redact-attributes") || "").toLowerCase().split(/[\s,]+/);
    return (redacted.indexOf(name) < 0 && element.getAttribute(name)) || "";
  }

  // The parent element; for the top of a shadow root, its host.
  function around(element) {
    return element.parentElement || (element.parentNode && element.parentNode.host);
  }

  function nearest(element, selector) {
    for (; element; element = around(element)) if (element.matches(selector)) return element;
  }

  // The text that a small element shows, without ignored and typed parts; if there is none, its label.
  function textOf(element) {
    var nodes = 0;
    function walk(node) {
      if (++nodes > 60) return "";
      if (node.nodeType === 3) return node.data + " ";
      if (node.nodeType !== 1 || node.matches(UNREAD) || node.isContentEditable) return "";
      if (node.matches(REDACTED)) return "**** ";
      return [].map.call(node.childNodes, walk).join("");
    }
    function short(text) {
      return cut(text.replace(/\s+/g, " ").trim(), 255);
    }
    if (nearest(element, REDACTED)) return "****";
    var isButton = element.localName === "input" && /^(submit|button|reset)$/.test(element.type);
    var text = isButton ? attribute(element, "value") : walk(element);
    if (nodes > 60) text = "";
    return short(text) || short(attribute(element, "aria-label")) || short(attribute(element, "title"));
  }

  function hierarchyOf(element) {
    var levels = [];
    for (; element; element = around(element)) {
      var level = "@" + element.localName + ";";
      if (attribute(element, "id")) level += "#" + clean(attribute(element, "id")) + ";";
      attribute(element, "class").split(/\s+/).forEach(function (name) {
        if (name) level += "." + clean(name) + ";";
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

  // `change` and `submit` do not leave a shadow root, so it gets listeners when an event that leads to them leaves it.
  var entered = window.WeakSet && new WeakSet();
  var enterShadows = safe(function (event) {
    event.composedPath().forEach(function (root) {
      if (!(root instanceof ShadowRoot) || entered.has(root)) return;
      entered.add(root);
      root.addEventListener("change", onEvent, true);
      root.addEventListener("submit", onEvent, true);
    });
  });

  // The element that an event with this path is about, and its parameters; nothing where nothing is captured.
  function about(path, type) {
    var target = path[0];
    var isClick = type === "click";
    if (target.nodeType === 3) target = target.parentElement;
    if (!target || !target.matches || nearest(target, IGNORED)) return;
    for (var i = 0; i < path.length; i++) if (path[i].matches && path[i].matches(IGNORED)) return;
    if (isClick) target = nearest(target, "a,button,[role=button],input,select,textarea,summary,label") || target;
    var link = isClick && nearest(target, "a[href]");
    var sent = {
      n: target.localName,
      c: attribute(target, "class"),
      i: attribute(target, "id"),
      h: link && targetOf(attribute(link, "href")),
      x: isClick && !config.disableTextCapture && textOf(target),
      y: type !== "change" && hierarchyOf(target)
    };
    Object.keys(sent).forEach(function (name) {
      if (!sent[name]) delete sent[name];
      else if (name !== "y") sent[name] = cut(sent[name], 1024);
    });
    return { target: target, sent: sent };
  }

  var labelled; // the control whose label was clicked: the browser clicks it too, at once
  var onEvent = safe(function (event) {
    var path = event.composedPath ? event.composedPath() : [event.target];
    var type = event.type;
    var isClick = type === "click";
    if ([].concat(config.disableInteractionEvents).indexOf(type) >= 0) return;
    if (!tracks() || (isClick && (!event.isTrusted || path[0] === labelled))) return;
    var found = about(path, type);
    if (!found) return;
    if (isClick) {
      labelled = (nearest(found.target, "label") || {}).control;
      setTimeout(function () {
        labelled = null;
      });
    }
    capture(type, Object.keys(found.sent).map(function (name) {
      return [name, encode(found.sent[name])];
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
      var name = String(identity);
      if (!/string|number|bigint/.test(typeof identity) || !name.replace(INVISIBLE, "") || NOBODY.test(name.trim())) {
        return say("identify is ignored: " + JSON.stringify(name) + " names nobody");
      }
      if (name.length > 255) return say("identify is ignored: an identity has at most 255 characters");
      var id = current().id;
      if (id.identity === name) return;
      if (id.identity) forget();
      id = read("id");
      id.identity = name;
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
    // Heap sets the customer elsewhere. Here it is in the properties or the first argument.
    addAccountProperties: function (id, properties) {
      properties = flat(properties || id, {}, "", 0);
      id = properties.account_id || (typeof id === "object" ? "" : id);
      delete properties.account_id;
      if (!id) return say("addAccountProperties is ignored: account_id is missing");
      var json = JSON.stringify({ app_id: appId, account_id: String(id), properties: properties });
      add("/api/add_account_properties", [], false, null, json);
    },
    trackPageview: function (properties) {
      pageview(true, properties || {});
    },
    onReady: function (callback) {
      callback();
    },
    startTracking: function () {
      if (isTracking) return;
      isTracking = true;
      pageview();
    },
    stopTracking: function () {
      isTracking = false;
    },
    getUserId: function () {
      return known().userId || null;
    },
    getIdentity: function () {
      return known().identity || null;
    },
    getSessionId: function () {
      return known().sessionId || null;
    }
  };

  function known() {
    return page.v && tracks() ? current().id : read("id") || {};
  }

  // Makes the methods for properties that go with each event, or each pageview, until they are removed.
  function lasting(name, add, remove, clear) {
    function save(properties) {
      write(name, properties, 390 * 86400);
    }
    methods[add] = function (properties) {
      save(flat(properties, read(name) || {}, "", 0));
    };
    methods[remove] = function (given) {
      var properties = read(name) || {};
      Object.keys(properties).forEach(function (key) {
        if (key === given || key.indexOf(given + ".") === 0) delete properties[key];
      });
      save(properties);
    };
    methods[clear] = function () {
      save({});
    };
  }

  lasting("props", "addEventProperties", "removeEventProperty", "clearEventProperties");
  lasting("pv_props", "addPageviewProperties", "removePageviewProperty", "clearPageviewProperties");
  methods.setEventProperties = methods.addEventProperties;
  methods.unsetEventProperty = methods.removeEventProperty;
  ["init", "identifyHashed", "addAdapter", "addTransformer", "addTransformerFn"].forEach(function (name) {
    methods[name] = function () {}; // of heap.js 5, with nothing to do here
  });

  // --- Begin --------------------------------------------------------------------------------------------------------
  function prepare() {
    if (page.v) return;
    safe(findCookies)();
    safe(function () {
      tab = sessionStorage.getItem(prefix) || tab;
      sessionStorage.setItem(prefix, tab);
    })();
    open(true);
  }

  function begin() {
    if (ticket && top === window) safe(label)();
    safe(pageview)();
    ["focusin", "input", "click"].forEach(function (type) {
      document.addEventListener(type, enterShadows, true);
    });
    ["click", "change", "submit"].forEach(function (type) {
      document.addEventListener(type, onEvent, true);
    });
    if (window.navigation && window.navigation.currentEntry) {
      window.navigation.addEventListener("currententrychange", function (event) {
        moved(event.navigationType === "replace");
      });
    } else {
      ["pushState", "replaceState"].forEach(function (name) {
        var original = history[name];
        history[name] = function () {
          var result = original.apply(this, arguments);
          moved(name === "replaceState");
          return result;
        };
      });
    }
    ["popstate", "hashchange"].forEach(function (type) {
      window.addEventListener(type, moved);
    });
    window.addEventListener("pageshow", function (event) {
      if (event.persisted) safe(pageview)(true);
    });
    window.addEventListener("pagehide", flushAll);
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "hidden") flushAll();
    });
    window.addEventListener("online", function () {
      notBefore = 0;
      schedule(0);
    });
    // The queues of classic and of heap.js 5. A snippet that ran again may have replaced the methods by stubs.
    drain(heap, function (call) {
      heap[call[0]].apply(heap, call.slice(1));
    });
    drain((window.heapReadyCb = window.heapReadyCb || []), function (call) {
      call.fn();
    });
    if (heap.q) drain(heap.q, heap.push); // where walkerOS keeps early calls
  }

  // Not in frames: they share the ticket with the page around them, and it works once.
  function label() {
    var url = server + "/js/heap-label.js";
    var labelling = document.createElement("script");
    heap.label = { about: about, appId: appId, config: config, ticket: ticket };
    labelling.nonce = script && script.nonce;
    labelling.src = heap.policy ? heap.policy.createScriptURL(url) : url;
    labelling.onerror = function () {
      // A ticket that somebody made up would stop collection in this tab, for nothing refuses it.
      if (!sessionStorage.heapLabelling) delete sessionStorage.heapTicket;
      say(url + " did not load. Content-Security-Policy?");
    };
    document.head.append(labelling);
  }

  function drain(waiting, carryOut) {
    var calls = waiting.splice ? waiting.splice(0, waiting.length) : [];
    waiting.push = safe(function (call) {
      install();
      carryOut(call);
    });
    install();
    calls.forEach(waiting.push);
  }

  function install() {
    Object.keys(methods).forEach(function (name) {
      heap[name] = methods[name];
    });
  }

  // A snippet that runs again tries to replace `load`, cannot, and calls this.
  function load(id) {
    if (String(id) !== appId) say("this page is tracked with app_id " + appId + ", so " + id + " is refused");
  }

  function say(line) {
    if (window.console) console.warn("heap: " + line);
  }

  Object.keys(methods).forEach(function (name) {
    var method = methods[name];
    methods[name] = safe(function () {
      return tracks() || /^(get|start|stop|onReady)/.test(name) ? method.apply(this, arguments) : null;
    });
  });

  function define(name, get) {
    Object.defineProperty(heap, name, { get: safe(get), set: function () {} });
  }

  define("load", function () {
    return load;
  });
  define("userId", methods.getUserId);
  define("identity", methods.getIdentity);
  heap.loaded = true;
  if (document.prerendering) document.addEventListener("prerenderingchange", safe(begin), { once: true });
  else safe(begin)();
})(window, document, {});
