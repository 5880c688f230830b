"""What looks like a secret is not shown, and what does not is left alone."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.telling.masking import MASK, is_secret_name, mask, mask_text
from app.core.values import Json

WEB_TOKEN = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b'{"alg":"RS256","typ":"JWT"}', b'{"sub":"repo:acme/api"}', b"signature")
)
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n-----END RSA " + "PRIVATE KEY-----"

# Put together here, so that no scanner takes this file for a leak.
TOKENS = (
    "gh" + "s_" + "a1B2c3D4" * 4,
    "gh" + "s_" + "a1B2c3D4" * 60 + ".x-y_z",
    "gh" + "p_" + "a1B2c3D4" * 4,
    "gh" + "o_" + "a1B2c3D4" * 4,
    "gh" + "u_" + "a1B2c3D4" * 4,
    "gh" + "r_" + "a1B2c3D4" * 4,
    "github" + "_pat_" + "a1B2c3D4_" * 4,
    "AK" + "IA" + "IOSFODNN7EXAMPLE",
    "xo" + "xb-" + "12345678-abcdefgh",
    "np" + "m_" + "a1B2c3D4" * 4,
    "gl" + "pat-" + "a1B2c3D4" * 3,
    WEB_TOKEN,
    PRIVATE_KEY,
)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:8].strip("-"))
def test_a_token_is_masked_by_its_form(token: str) -> None:
    """A token is masked wherever it stands, and what is around it stays."""
    assert mask_text(f"used '{token}' to push") == f"used '{MASK}' to push"


def test_a_password_in_an_address_is_masked() -> None:
    """Who signs in through an address does so unseen."""
    assert mask_text("https://bot:hunter2@acme.example/x") == f"https://{MASK}@acme.example/x"


def test_a_bearer_header_is_masked() -> None:
    """A bearer token is masked whatever its form."""
    assert (
        mask_text("Authorization: Bearer abcdefghijklmnop") == f"Authorization: Bearer {MASK}"
    )


def test_half_a_private_key_is_masked_to_the_end() -> None:
    """A private key that was cut off is still one."""
    assert mask_text("see " + PRIVATE_KEY[:45]) == f"see {MASK}"


@pytest.mark.parametrize(
    "name",
    ["token", "npm_token", "API_KEY", "apiKey", "client-secret", "passwords", "aws_secret_id"],
)
def test_a_name_can_say_that_its_value_is_secret(name: str) -> None:
    """The words count in any of the usual spellings."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["", "monkey", "keyboard", "tokenizer", "secretary", "path"])
def test_a_word_counts_only_as_a_whole(name: str) -> None:
    """A name that merely contains such a word is no secret's."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "weighs_something_long",
        "task-force-one-two-three-four",
        "app.core.telling.masking",
        "keyJoint",
        "ghcr.io/acme/api:2026.11",
        "https://acme.example/a:b?c=d@e",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Ordinary words, names and addresses are shown as they are."""
    assert mask_text(text) == text


def test_a_secret_is_masked_however_deep_it_lies() -> None:
    """Names count at every level, and `true`, `false` and `null` tell nothing."""
    value: Json = {
        "image": "api:1",
        "registry": {"password": "hunter2", "port": 443, "has_token": True, "key": None},
        "tokens": ["a", {"b": 1}],
        "notes": [TOKENS[0], 1.5],
    }

    assert mask(value, "outputs") == {
        "image": "api:1",
        "registry": {"password": MASK, "port": 443, "has_token": True, "key": None},
        "tokens": MASK,
        "notes": [MASK, 1.5],
    }


def test_a_value_is_shown_to_a_bounded_depth() -> None:
    """A value nested without end is cut."""
    value: Json = "deep"
    for _ in range(200):
        value = [value]

    assert json.dumps(mask(value, "outputs")).count("[") == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(before=st.text(), token=st.sampled_from(TOKENS), after=st.text(), value=JSON)
def test_no_token_survives(before: str, token: str, after: str, value: Json) -> None:
    """Whatever stands around a token, it is not shown; masking twice is masking once."""
    masked = mask({"notes": [f"{before} {token} {after}"], "other": value}, "outputs")

    assert token not in json.dumps(masked)
    assert mask(masked, "outputs") == masked


@pytest.mark.parametrize(
    "piece", ["eyJ", "eyJ-", "gh" + "s_", "a.", "-----BEGIN PRIVATE KEY", "://a", "Bearer "]
)
def test_nobody_makes_masking_slow(piece: str) -> None:
    """The time it takes grows with the text, and not with its square."""
    begun = time.process_time()
    mask_text(piece * (262_144 // len(piece)))

    assert time.process_time() - begun < 2
