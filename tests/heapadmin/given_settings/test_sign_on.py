"""SSO_…: all that a provider needs, or nothing; who gives it in part reads what is missing."""

import pytest

WHOLE = {"SSO_ISSUER": "https://id.example/realm", "SSO_CLIENT_ID": "heapadmin", "SSO_CLIENT_SECRET": "hunter2"}


def test_it_is_read(read):
    found = read(**WHOLE, SSO_DOMAINS="Example.com, @example.org")

    assert {name: found[name] for name in WHOLE} == WHOLE
    assert found["SSO_DOMAINS"] == ["example.com", "example.org"]
    assert read()["SSO_ISSUER"] == ""
    http = WHOLE | {"SSO_ISSUER": "http://localhost:9", "SSO_INTERNAL_HOSTS": "localhost"}
    assert read(**http)["SSO_ISSUER"] == "http://localhost:9"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SSO_CLIENT_SECRET": ""}, "SSO_ISSUER is given, and SSO_CLIENT_SECRET is missing."),
        ({"SSO_ISSUER": "", "SSO_CLIENT_ID": ""}, "given, and SSO_ISSUER and SSO_CLIENT_ID are missing."),
        (dict.fromkeys(WHOLE, "") | {"SSO_NAME": "Works"}, "SSO_NAME is given, and SSO_ISSUER and"),
        (dict.fromkeys(WHOLE, "") | {"SSO_DOMAINS": "example.com"}, "SSO_DOMAINS is given, and SSO_ISSUER and"),
        ({"SSO_ISSUER": "http://id.example"}, "SSO_ISSUER=http://id.example must be the URL"),
        ({"SSO_ISSUER": "http://localhost:9"}, "http:// is for this machine alone"),
        ({"SSO_ISSUER": "https://ada:x@id.example"}, "must be the URL"),
        ({"SSO_ISSUER": "id.example"}, "must be the URL"),
        ({"SSO_ISSUER": "https://id.example/" + "x" * 300}, "SSO_ISSUER has more than 300 characters."),
        ({"SSO_NAME": "x" * 61}, "SSO_NAME has more than 60 characters."),
        ({"SSO_DOMAINS": "example.com, com"}, "SSO_DOMAINS must hold domains, separated by commas, and com is none"),
        ({"SSO_DOMAINS": "*.example.com"}, "and *.example.com is none"),
    ],
)
def test_what_cannot_hold_is_refused_in_words(refusal, changed, words):
    refused = refusal(**WHOLE | changed)

    assert words in refused
    assert "hunter2" not in refused
