"""Loads and checks the word lists of `config/detection`, a file a language."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from config.errors import ConfigurationError
from config.toml_problems import configuration_error, problems_of
from rules.detection import Lexicon, WordList, WordListEntry, WordListError, build

FOLDER = Path(__file__).with_name("detection")

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Texts = Annotated[tuple[_Text, ...], Field(min_length=1)]
_Kind = Literal["safety_concern", "user_request", "unhurt"]


def _unique(entries: tuple["_EntryModel", ...]) -> tuple["_EntryModel", ...]:
    names = [entry.id for entry in entries]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"should give each id once; twice there: {', '.join(sorted(twice))}")
    return entries


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _EntryModel(_Model):
    """What every entry must have: what it means in English, and an example on either side."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    gloss: _Text
    patterns: _Texts
    match: _Texts
    no_match: _Texts


class _FindingModel(_EntryModel):
    kind: _Kind
    hurt: bool = False
    whole: bool = False
    gravity: Annotated[int, Field(ge=0, le=2)] = 1


class _ExceptionModel(_EntryModel):
    no_wish: bool = False


class _ScopeModel(_EntryModel):
    effect: Literal["stands", "denied", "asked", "supposed", "over", "quoted"]
    kinds: Annotated[tuple[_Kind, ...], Field(min_length=1)] = ("safety_concern", "user_request", "unhurt")


class _WordListModel(_Model):
    """One file."""

    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    name: _Text
    proclitics: tuple[_Text, ...] = ()
    ordinary: tuple[_Text, ...] = ()
    plain_replies: tuple[_Text, ...] = ()
    spelling: dict[str, _Texts] = {}
    function: dict[str, _Texts] = {}
    answers: dict[Literal["yes", "no"], _Texts] = {}
    classes: dict[str, _Texts] = {}
    entries: Annotated[tuple[_FindingModel, ...], AfterValidator(_unique)] = ()
    scopes: Annotated[tuple[_ScopeModel, ...], AfterValidator(_unique)] = ()
    exceptions: Annotated[tuple[_ExceptionModel, ...], AfterValidator(_unique)] = ()

    def word_list(self) -> WordList:
        return WordList(
            language=self.language,
            classes=self.classes,
            function=self.function,
            entries=tuple(self.entry(entry) for entry in self.entries),
            scopes=tuple(self.entry(entry) for entry in self.scopes),
            exceptions=tuple(self.entry(entry) for entry in self.exceptions),
            ordinary=self.ordinary,
            plain_replies=self.plain_replies,
            proclitics=self.proclitics,
            spelling=self.spelling,
            answers={meaning: answers for meaning, answers in self.answers.items()},
        )

    def entry(self, entry: _EntryModel) -> WordListEntry:
        return WordListEntry(language=self.language, **entry.model_dump())


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """The lexicon of all languages; ConfigurationError names the file, the entry and what is wrong with it."""
    return load_folder(FOLDER)


def load_folder(folder: Path) -> Lexicon:
    """The lexicon of a folder's `*.toml`."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigurationError(f"{folder}: no word list is there; it should have a file a language, such as en.toml")
    paths = {(word_list := read(path)).language: (path, word_list) for path in files}
    try:
        return build([word_list for _, word_list in paths.values()])
    except WordListError as error:
        path = paths[error.language][0] if error.language in paths else folder
        raise ConfigurationError(f"{path}: {error}") from error


def read(path: Path) -> WordList:
    """One file; its name is its language."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: this is not TOML in UTF-8: {error}") from error
    try:
        model = _WordListModel.model_validate(data)
    except ValidationError as error:
        raise configuration_error(path, data, problems_of(error)) from error
    if model.language != path.stem:
        raise ConfigurationError(
            f"{path}: language = {model.language!r}: should be {path.stem!r}, as the file is named"
        )
    return model.word_list()
