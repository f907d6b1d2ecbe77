"""An OpenID Connect provider over real HTTP, of which each test decides what it answers."""

import base64
import hashlib
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


class OwnProvider:
    """`person` is in every token; `claims` replaces parts of a token; `about` replaces parts of its configuration."""

    def __init__(self, url):
        self.issuer = url
        self.person = {"sub": "ada-1", "email": "ada@shop.example", "email_verified": True, "name": "Ada"}
        self.claims, self.about, self.userinfo = {}, {}, {}
        self.key, self.algorithm, self.redirects_to = KEY, "ES256", ""
        self.asked, self.forms, self.paths = {}, [], []

    def asked_to_sign_in(self, url):
        """The browser was sent to `url`; returns what it brings back."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return {"code": "a-code", "state": self.asked["state"]}

    def configuration(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
        } | self.about

    def keys(self):
        return {"keys": [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": "1"}]}

    def token(self, form):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        assert challenge.rstrip("=") == self.asked["code_challenge"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.asked["client_id"], "iat": now, "exp": now + 300}
        claims |= {"nonce": self.asked["nonce"]} | self.person | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(claims, self.key, algorithm=self.algorithm, headers={"kid": "1"})
        return {"id_token": token, "access_token": "an-access-token", "token_type": "Bearer"}


@contextmanager
def running():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            provider.paths.append(self.path)
            answers = {
                "/.well-known/openid-configuration": provider.configuration,
                "/keys": provider.keys,
                "/userinfo": lambda: provider.userinfo,
            }
            if provider.redirects_to:
                self.send_response(302)
                self.send_header("Location", provider.redirects_to)
                self.end_headers()
                return
            self.answer(answers[self.path]())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            provider.forms.append(form | {"login": self.headers.get("Authorization", "")})
            self.answer(provider.token(form))

        def answer(self, found):
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = OwnProvider(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
