// Leads what goes to the only address that the official client knows to the server under test, by PORT.

const http = require("http");
const https = require("https");

const { PORT: port } = process.env;

https.request = (options, callback) =>
  http.request({ ...options, protocol: "http:", host: "127.0.0.1", hostname: "127.0.0.1", port, agent: http.globalAgent }, callback);
