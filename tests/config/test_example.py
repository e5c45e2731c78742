from pathlib import Path

from config.example import env_example


def test_the_example_names_every_setting_with_its_default() -> None:
    written = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
    assert written == env_example(), "run: python -m config.example > .env.example"
