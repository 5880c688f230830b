"""Addresses of GitHub that follow from one another, and addresses given on the command line."""

import pytest

from app.settings import SettingsError, address, api_url_of, derived


@pytest.mark.parametrize(
    ("server", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://ghe.acme.example", "https://ghe.acme.example/api/v3"),
        ("http://localhost:3000", "http://localhost:3000/api/v3"),
    ],
)
def test_where_the_api_is_follows_from_where_people_see_github(server: str, api: str) -> None:
    """Both ways lead to the same: github.com, data residency, and an Enterprise Server."""
    assert api_url_of(server) == api
    assert derived(api)[0] == server


def test_an_address_is_called_what_its_giver_calls_it() -> None:
    """What is wrong with an option is said of the option, in the words of the settings."""
    with pytest.raises(SettingsError) as raised:
        address({"--url": "http://signalbox.acme.example"}, "--url")

    assert [each.name for each in raised.value.faults] == ["--url"]
    assert address({"--url": " https://signalbox.acme.example/ "}, "--url") == (
        "https://signalbox.acme.example"
    )
