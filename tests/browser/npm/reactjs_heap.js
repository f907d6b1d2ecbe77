import ReactHeap from "reactjs-heap";

ReactHeap.initialize(window.appId);
ReactHeap.initialize(window.appId);
window.heap.identify("ann");
window.heap.addUserProperties({ plan: "pro" });
