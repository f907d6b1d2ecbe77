import React from "react";
import { createRoot } from "react-dom/client";
import Heap from "react-heap";

createRoot(document.getElementById("app")).render(
  <Heap appId={window.appId} userId="ann" userData={{ plan: "pro" }} />,
);
