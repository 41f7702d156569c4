"""The settings file and the environment become frozen values; what is wrong is told in `test_bad_input.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.errors import SettingsError
from service.settings import SUPPORTED_VERSIONS, Settings, load, secret

SHOP = '[[shops]]\ndomain = "a.myshopify.com"\naccess_token_env = "T"\n'


def settings(folder: Path, text: str = SHOP, name: str = "config/okrsync.toml", **environment: str) -> Settings:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return load(file, environment)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    found = settings(tmp_path)
    [shop] = found.shops
    assert (found.database.url, found.calendar.fiscal_year_start) == ("sqlite:///var/okrsync.db", 1)
    assert (found.calendar.check_in, shop.schedule.orders) == ("mon 09:00", "every 5 minutes")
    assert (shop.api_version, shop.api_url) == (SUPPORTED_VERSIONS[-1], None)
    assert (shop.online_sources, shop.schedule.checkouts) == (("web",), "every 15 minutes")


def test_relative_paths_begin_at_the_folder_that_holds_config(tmp_path: Path) -> None:
    assert settings(tmp_path).database_url == f"sqlite:///{tmp_path}/var/okrsync.db"
    assert settings(tmp_path).okr_folder == tmp_path / "config" / "okrs"
    beside = settings(tmp_path, name="okrsync.toml")
    assert beside.database_url == f"sqlite:///{tmp_path}/var/okrsync.db"
    assert beside.okr_folder == tmp_path / "okrs"


def test_tokens_are_kept_in_a_folder_of_their_own(tmp_path: Path) -> None:
    domain = "a.myshopify.com"
    assert settings(tmp_path).token_file(domain) == tmp_path / "var/tokens/a.myshopify.com.json"
    elsewhere = settings(tmp_path, OKRSYNC_TOKENS_FOLDER="/run/keys")
    assert elsewhere.token_file(domain) == Path("/run/keys/a.myshopify.com.json")


@pytest.mark.parametrize("url", ["sqlite:////data/x.db", "sqlite://", "postgresql+psycopg://u@h/d"])
def test_other_urls_stay_as_they_are(tmp_path: Path, url: str) -> None:
    assert settings(tmp_path, OKRSYNC_DATABASE_URL=url).database_url == url


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    text = f'[database]\nurl = "sqlite:///a.db"\n[calendar]\nfiscal_year_start = 4\n{SHOP}'
    found = settings(
        tmp_path, text, OKRSYNC_DATABASE_URL="sqlite:///b.db", OKRSYNC_CALENDAR_CHECK_IN="biweekly fri 16:00"
    )
    assert found.database.url == "sqlite:///b.db"
    assert (found.calendar.check_in, found.calendar.fiscal_year_start) == ("biweekly fri 16:00", 4)
    assert settings(tmp_path, OKRSYNC_CALENDAR_FISCAL_YEAR_START="7").calendar.fiscal_year_start == 7
    with pytest.raises(SettingsError, match="fiscal_year_start"):
        settings(tmp_path, OKRSYNC_CALENDAR_FISCAL_YEAR_START="June")


def test_nobody_changes_them(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        settings(tmp_path).database.url = "x"  # type: ignore[misc]


def test_several_shops(tmp_path: Path) -> None:
    app = '[[shops]]\ndomain = "b.myshopify.com"\nclient_id = "c"\nclient_secret_env = "S"\n'
    found = settings(tmp_path, f'{SHOP}\n{app}\n[shops.schedule]\norders = "*/10 * * * *"\n')
    assert [shop.domain for shop in found.shops] == ["a.myshopify.com", "b.myshopify.com"]
    assert [shop.schedule.orders for shop in found.shops] == ["every 5 minutes", "*/10 * * * *"]


@pytest.mark.parametrize("key", ["file", "root"])
def test_names_of_our_own_are_no_settings(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError):
        settings(tmp_path, f'{key} = "x"\n{SHOP}')


# --- secrets -------------------------------------------------------------------------------------------------------


def a_secret(environment: dict[str, str]) -> str:
    return secret("T", environment, file=Path("okrsync.toml"), key="shops (a).access_token_env")


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    assert a_secret({"T": " plain "}) == "plain"
    assert a_secret({"T_FILE": str(tmp_path / "token")}) == "from a file"
    assert a_secret({"T": "plain", "T_FILE": str(tmp_path / "token")}) == "from a file"


@pytest.mark.parametrize("environment", [{}, {"T": ""}, {"T": "  "}])
def test_a_secret_that_is_not_there_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"shops \(a\).access_token_env: the environment variable T is not set"):
        a_secret(environment)


def test_a_secret_is_nowhere_in_the_settings(tmp_path: Path) -> None:
    assert "shpat_" not in repr(settings(tmp_path, T="shpat_secret"))


@pytest.mark.parametrize("text", [b"\xff\xfe", b'quarter = "\xe4"'])
def test_a_file_in_another_encoding_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "okrsync.toml").write_bytes(text)
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "okrsync.toml", {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})
