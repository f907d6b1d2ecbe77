// Calls the official client, unmodified. It knows one address only, so its requests are led to the server under test.
//   node calls.js <folder with node_modules> <port> <app_id>
// Prints {"track": true or an error's status, "addUserProperties": …}.

const http = require("http");
const https = require("https");
const path = require("path");

const [folder, port, appId] = process.argv.slice(2);

https.request = (options, callback) =>
  http.request({ ...options, protocol: "http:", host: "127.0.0.1", port, agent: http.globalAgent }, callback);

const heap = require(path.join(folder, "node_modules", "heap-api"))(appId);

const outcome = (promise) => promise.then((done) => done, (error) => error.response?.statusCode ?? String(error));

async function main() {
  const track = await outcome(heap.track("order", "alice@shop.example", { language: "node", amount: 12.5 }));
  const bare = await outcome(heap.track("visit", 123456789));
  const addUserProperties = await outcome(heap.addUserProperties("alice@shop.example", { plan: "pro", seats: 3 }));
  console.log(JSON.stringify({ track, bare, addUserProperties }));
}

main();
