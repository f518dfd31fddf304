import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_every_setting_has_a_default_and_says_what_it_is() -> None:
    assert Settings().model_dump().keys() == Settings.model_fields.keys()
    for field in Settings.model_fields.values():
        assert field.description
        assert field.description.endswith(".")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("PORT", "9000"),
        ("CORS_ORIGINS", "https://a.example, https://b.example"),
        ("MEMO_BYTES", "0"),
        ("ACCESS_LOG", "true"),
        ("UNKNOWN", "is no matter"),
    ):
        monkeypatch.setenv(f"DIGITS_{name}", value)
    settings = Settings()
    assert settings.port == 9_000
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.memo_bytes == 0
    assert settings.access_log is True


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("*", ("*",)),
        ("", ()),
        ("https://a.example", ("https://a.example",)),
        ("https://a.example,", ("https://a.example",)),
    ],
)
def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch, value: str, origins: tuple[str, ...]) -> None:
    monkeypatch.setenv("DIGITS_CORS_ORIGINS", value)
    assert Settings().cors_origins == origins


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 65_536),
        ("port", -1),
        ("text_limit", 0),
        ("memo_bytes", -1),
        ("encoders", 0),
        ("root_path", "no-slash"),
        ("root_path", "/ends/"),
        ("root_path", "/a?b"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
