// A single-page site whose router redirects, and whose pages set their titles late.
import React, { useEffect } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, Link, Route, Routes, useNavigate } from "react-router-dom";

function Page({ title, children }) {
  useEffect(() => {
    const timer = setTimeout(() => {
      document.title = title;
    }, 120);
    return () => clearTimeout(timer);
  }, [title]);
  return (
    <main>
      <h1>{title}</h1>
      {children}
      <button id="buy" type="button">Buy {title}</button>
    </main>
  );
}

function LogIn() {
  const navigate = useNavigate();
  return <button id="log-in" type="button" onClick={() => navigate("/home", { replace: true })}>Log in</button>;
}

createRoot(document.getElementById("app")).render(
  <BrowserRouter>
    <Routes>
      <Route path="/site" element={<LogIn />} />
      <Route path="/home" element={<Page title="Home"><Link id="to-cart" to="/cart?step=1">Cart</Link></Page>} />
      <Route path="/cart" element={<Page title="Cart"><Link id="to-home" to="/home">Home</Link></Page>} />
    </Routes>
  </BrowserRouter>,
);
