"""A directory that speaks SCIM. Each answer is checked by scim2-models, as the RFCs have it."""

import json

from django.test import Client
from scim2_models import Context, Error, ListResponse, User

from accounts.scim import tokens
from tests.accounts.factories import ScimTokenFactory

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
READ = {
    "get": Context.RESOURCE_QUERY_RESPONSE,
    "post": Context.RESOURCE_CREATION_RESPONSE,
    "put": Context.RESOURCE_REPLACEMENT_RESPONSE,
    "patch": Context.RESOURCE_PATCH_RESPONSE,
}


class Directory:
    """What an account's directory can ask, with a token in force unless another secret is given."""

    def __init__(self, account=None, secret="", **token):
        self.secret = secret or tokens.new_secret()
        self.token = None if secret else ScimTokenFactory(account=account, secret=self.secret, **token)
        self.client = Client(enforce_csrf_checks=True)

    def ask(self, method, path, body=None, **headers):
        """(status, payload); the payload is what SCIM says it is."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response = getattr(self.client, method)(
            f"/scim/v2/{path}",
            **({} if method == "get" else {"data": data, "content_type": "application/scim+json"}),
            headers={"authorization": f"Bearer {self.secret}"} | headers,
        )
        self.headers = response.headers
        if not response.content:
            return response.status_code, {}
        assert response["Content-Type"] == "application/scim+json", response.content[:300]
        payload = json.loads(response.content)
        self._check(method, path, response.status_code, payload)
        return response.status_code, payload

    def _check(self, method, path, status, payload):
        if status >= 400:
            error = Error.model_validate(payload)
            assert error.status == status and error.detail
        elif path.partition("?")[0] == "Users" and method == "get":
            ListResponse[User].model_validate(payload, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
        elif path.startswith("Users"):
            user = User.model_validate(payload, scim_ctx=READ[method])
            assert self.headers["ETag"] == user.meta.version

    def add(self, email, **fields):
        """POST a person; returns their resource."""
        status, person = self.ask("post", "Users", {"schemas": [CORE], "userName": email, "active": True} | fields)
        assert status == 201, person
        return person

    def patch(self, person, *operations, **headers):
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.ask("patch", f"Users/{person['id']}", body, **headers)

    def found(self, query):
        status, payload = self.ask("get", f"Users?{query}")
        assert status == 200, payload
        return payload["Resources"]
