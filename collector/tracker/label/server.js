// Questions to our server, whose address is that of this script, as the snippet has it.
const SERVER = document.currentScript.src.replace(/\/js\/heap-label\.js.*$/, "");
const MOST_WAIT_MS = 30e3;
const OVER = 401;
const REPORTED_MS = 1e3; // the browser tells of a policy only after it has refused

// The directive of the page's policy that keeps us from asking, "" while nothing is known of one.
let forbidden = "";
const refusal = new Promise((told) => {
  document.addEventListener("securitypolicyviolation", (event) => {
    if (event.disposition === "report" || !event.blockedURI.startsWith(SERVER)) return;
    forbidden = event.effectiveDirective;
    told();
  });
});

// The message is for people. `status` is 0 where there was no answer, `at` names what of the request it is about.
class Refused extends Error {
  constructor(words, status, at) {
    super(words);
    this.status = status;
    this.at = at || "";
  }
}

// `controller` ends the question, if nobody waits for its answer any more.
async function ask(name, body, controller = new AbortController()) {
  setTimeout(() => controller.abort(), MOST_WAIT_MS);
  let response;
  try {
    response = await fetch(`${SERVER}/label/${name}/`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(session ? { Authorization: `Bearer ${session.token}` } : {}) },
      body: JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "origin",
      signal: controller.signal,
    });
  } catch (error) {
    await Promise.race([refusal, new Promise((done) => setTimeout(done, REPORTED_MS))]);
    throw new Refused(noAnswer(), 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const words = answer.error || `Heapadmin answered with an error (${response.status}).`;
  if (response.status === OVER && session) finish(words);
  throw new Refused(words, response.status, answer.at);
}

function noAnswer() {
  if (!forbidden) return `${SERVER} does not answer this page. It may be away, or this site is not confirmed any more.`;
  const words =
    `The Content-Security-Policy of this page forbids to ask ${SERVER}: its ${forbidden} must allow it. ` +
    "The Install page says how, and Definitions can work without it: from a picture of the page.";
  console.warn("heap: " + words);
  return words;
}
