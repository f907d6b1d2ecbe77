// analytics.js with Heap's destination, as Segment's own settings would start it.
import { AnalyticsBrowser } from "@segment/analytics-next";

const subscription = (partnerAction, type, mapping) => ({
  id: partnerAction, name: partnerAction, enabled: true, partnerAction, subscribe: `type = "${type}"`, mapping,
});
const path = (name) => ({ "@path": `$.${name}` });
const remotePlugin = {
  name: "Heap Web (Actions)",
  creationName: "Heap Web (Actions)",
  url: "/destination.js",
  libraryName: "heapDestination",
  settings: {
    ...window.destination,
    appId: window.appId,
    subscriptions: [
      subscription("trackEvent", "track", { name: path("event"), properties: path("properties") }),
      subscription("identifyUser", "identify", { userId: path("userId"), traits: path("traits") }),
    ],
  },
};
const analytics = AnalyticsBrowser.load(
  { writeKey: "none", cdnSettings: { integrations: {}, remotePlugins: [remotePlugin] } },
  { integrations: { "Segment.io": false } },
);
analytics.identify("ann", { plan: "pro" });
analytics.track("Order", { amount: 12.5 });
