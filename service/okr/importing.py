"""OKRs of another tool, as rows of a CSV or JSON export, made into an OKR file; what does not fit is told row by row.

table ─▶ Row (our fields, by `FIELDS` and the words in `ALIASES`) ─▶ key result ─▶ tried as a file of its own ─▶ file
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from service.errors import PlanError
from service.okr.plan import parse
from service.okr.toml import Remarked, write

Record = Mapping[str, Any]
"""One line of an export, by column."""

FIELDS = {
    "quarter": "2026-Q3, or Q3 2026",
    "objective_id": "kept when given; else made from the title",
    "objective": "title of the objective; one above it is repeated where a cell is empty",
    "objective_owner": "who answers for the objective",
    "key_result_id": "kept when given; else made from the title",
    "key_result": "title of the key result",
    "owner": "who answers for it",
    "type": "increase, decrease, reach, stay above, stay below, keep between, milestone",
    "metric": "an id of the catalogue; anything else is set by hand",
    "baseline": "where it begins",
    "target": "where it should get to; the limit, where one is to be kept",
    "upper": "the upper limit of keep between",
    "unit": "%, a currency code, or empty",
    "weight": "relative to the others of its objective",
    "confidence": "0 to 1",
    "current": "where it stands now: kept as a remark",
    "note": "kept as a remark",
}
"""What a row may say, and how."""

ALIASES = {
    "quarter": ("period", "time period", "timeperiod", "cycle", "session", "planning session"),
    "objective": ("objective title", "objective name", "goal", "goal name", "goal title"),
    "objective_owner": ("goal owner",),
    "key_result": ("key result title", "key result name", "kr", "kr title", "kr name", "title", "name"),
    "key_result_id": ("id", "key", "key result key"),
    "owner": ("key result owner", "kr owner", "assignee", "owner name"),
    "type": ("key result type", "kr type", "metric type", "target type", "goal type"),
    "metric": ("okrsync metric",),
    "baseline": ("start", "start value", "starting value", "initial", "initial value", "from"),
    "target": ("target value", "goal value", "to", "end value"),
    "upper": ("upper target", "upper limit", "maximum"),
    "unit": ("metric unit", "units", "format", "currency"),
    "confidence": ("confidence level",),
    "current": ("current value", "actual", "value", "progress value"),
    "note": ("description", "comment", "notes"),
    "weight": ("key result weight", "kr weight"),
}

_KINDS = {
    "target": ("", "increase", "increase from", "decrease", "decrease from", "reach", "increase to", "decrease to",
               "key result", "kpi", "numeric", "number", "percentage", "currency", "metric"),
    "at_least": ("stay above", "at least", "above", "maintain above", "control kpi above"),
    "at_most": ("stay below", "at most", "below", "maintain below", "control kpi below"),
    "keep_between": ("keep between", "between", "maintain", "stay between"),
    "milestone": ("milestone", "binary", "boolean", "yes/no", "achieved or not", "done"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Misfit:
    """A row that is not in the file, why, and what to do about it."""

    row: int  # the first line of data is 1
    told: str
    mend: str


@dataclass(slots=True)
class Imported:
    """The file, and everything of the export that is not in it."""

    text: str = ""
    quarter: str = ""
    key_results: int = 0
    misfits: list[Misfit] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)  # columns


def imported(
    records: Sequence[Record], quarter: str, metrics: Sequence[str], mapping: Mapping[str, str] | None = None
) -> Imported:
    """The file of one quarter; `mapping` names our field for a column of theirs. Rows of other quarters are misfits."""
    found = Imported(quarter=quarter)
    columns = list(dict.fromkeys(name for record in records for name in record))
    names = {column: _field(column, mapping or {}) for column in columns}
    found.unused = [column for column, name in names.items() if name is None]
    objectives: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    title = ""
    for number, record in enumerate(records, 1):
        row = {name: _said(record[column]) for column, name in names.items() if name and _said(record.get(column))}
        if row.get("type", "").lower() in ("objective", "goal"):  # lines of their own, key results beneath
            title = row.get("objective") or row.get("key_result", "")
            _objective(objectives, {**row, "objective": title, "objective_owner": row.get("owner", "")})
            continue
        title = row["objective"] = row.get("objective") or title
        try:
            key_result = _key_result(row, quarter, metrics, taken)
            _try(key_result, quarter)
        except ValueError as error:
            told, _, mend = str(error).partition(" | ")
            found.misfits.append(Misfit(number, told, mend))
            continue
        found.key_results += 1
        taken.add(key_result.value["id"])
        _objective(objectives, row)["key_results"].append(key_result)
    empty = [each["title"] for each in objectives.values() if not each["key_results"]]
    found.text = _file(found, [each for each in objectives.values() if each["key_results"]], empty)
    return found


def quarters_in(records: Sequence[Record], mapping: Mapping[str, str] | None = None) -> list[str]:
    """The quarters that rows name, in their order."""
    columns = {name for record in records for name in record if _field(name, mapping or {}) == "quarter"}
    said = (_said(record.get(column)) for record in records for column in columns)
    return sorted({_quarter(each) or each for each in said if each})


def _file(found: Imported, objectives: Sequence[Mapping[str, Any]], empty: Sequence[str]) -> str:
    above = ["Imported by okrsync."]
    above += [f"not imported: {title}, an objective without key results" for title in empty]
    above += [f"not imported: row {each.row}: {each.told}" for each in found.misfits]
    head: dict[str, Any] = {"quarter": Remarked(found.quarter, above=tuple(above))}
    if found.misfits:
        head["draft"] = Remarked(value=True, beside="take this line out once the rows above are dealt with")
    return write({**head, "objectives": objectives})


def _objective(objectives: dict[str, dict[str, Any]], row: Mapping[str, str]) -> dict[str, Any]:
    id_ = row.get("objective_id") or _slug(row["objective"], set())
    owner = {"owner": row["objective_owner"]} if row.get("objective_owner") else {}
    return objectives.setdefault(id_, {"id": id_, "title": row["objective"], **owner, "key_results": []})


def _key_result(row: Mapping[str, str], quarter: str, metrics: Sequence[str], taken: set[str]) -> Remarked:
    """Raises ValueError: what is wrong | what to do."""
    if row.get("quarter") and _quarter(row["quarter"]) != quarter:
        raise ValueError(f"it is of {row['quarter']} | import that quarter by itself with --quarter")
    if not row["objective"]:
        raise ValueError("no objective stands above it | fill the column objective")
    if not row.get("key_result"):
        raise ValueError("it has no key result | fill the column key_result, or leave the row out")
    id_ = row.get("key_result_id") or _slug(row["key_result"], taken)
    if id_ in taken:
        raise ValueError(f"a row above has the id {id_} too | give it another key_result_id")
    table: dict[str, Any] = {"id": id_, "title": row["key_result"]}
    if row.get("owner"):
        table["owner"] = row["owner"]
    is_known = row.get("metric") in metrics
    kind = _kind(row)
    if kind != "milestone":
        by_hand = "set by hand with okrsync okr set; name a metric of the catalogue to have it measured"
        table["metric"] = row["metric"] if is_known else Remarked("manual", by_hand)
    table |= _aim(row, kind)
    for name in ("weight", "confidence"):
        if row.get(name):
            table[name] = _bare_number(row[name], name)
    remarks = [f"{name}: {row[name]}" for name in ("current", "note") if row.get(name)]
    remarks += [f"metric: {row['metric']}"] if row.get("metric") and not is_known else []
    return Remarked(table, above=tuple(" ".join(each.split()) for each in remarks))


def _kind(row: Mapping[str, str]) -> str:
    said = " ".join(row.get("type", "").lower().replace("_", " ").split())
    kind = next((kind for kind, words in _KINDS.items() if said in words), None)
    if kind is None:
        known = ", ".join(words[0] or words[1] for words in _KINDS.values())
        raise ValueError(f"{row['type']} is a type that okrsync does not know | write one of {known}")
    return kind


def _aim(row: Mapping[str, str], kind: str) -> Mapping[str, Any]:
    if kind == "milestone":
        return {"milestone": True}
    unit = row.get("unit", "")
    target = _value(row, "target", unit)
    if kind == "keep_between":
        return {"keep_between": [target, _value(row, "upper", unit)]}
    if kind != "target":
        return {kind: target}
    return {**({"baseline": _value(row, "baseline", unit)} if row.get("baseline") else {}), "target": target}


def _value(row: Mapping[str, str], name: str, unit: str) -> Any:
    """A number with its unit, as OKR files write it."""
    if not row.get(name):
        raise ValueError(f"it has no {name} | fill the column {name}")
    text = row[name]
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return text  # with its own unit, or for the file's own parser to refuse
    if unit in ("%", "percent", "percentage"):
        return f"{text}%"
    return f"{text} {unit.upper()}" if re.fullmatch(r"[A-Za-z]{3}", unit) else _bare_number(text, name)


def _bare_number(text: str, name: str) -> Any:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError(f"{text} is no {name} | write a number such as 0.5")
    return Decimal(text) if "." in text else int(text)


def _try(key_result: Remarked, quarter: str) -> None:
    """The key result as a file of its own; ValueError where it could not be read."""
    alone = {"quarter": quarter, "objectives": [{"id": "o", "title": "O", "key_results": [key_result]}]}
    try:
        parse(write(alone), "")
    except PlanError as error:
        problem = error.problems[0]
        raise ValueError(f"{problem.key.rpartition('.')[2]}: {problem.message} | {problem.hint}") from None


# --- words ---------------------------------------------------------------------------------------------------------


def _field(column: str, mapping: Mapping[str, str]) -> str | None:
    """Our field for a column; None where it is nothing we know."""
    if column in mapping:
        return mapping[column]
    words = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " ").lower().split())
    names = ((name, (name.replace("_", " "), *ALIASES.get(name, ()))) for name in FIELDS)
    return next((name for name, said in names if words in said), None)


def _quarter(text: str) -> str | None:
    """2026-Q3 from Q3 2026, 2026 Q3, 2026-Q3, Q3-2026."""
    match = re.search(r"(\d{4})\W*[Qq]([1-4])", text) or re.search(r"[Qq]([1-4])\W*(\d{4})", text)
    if match is None:
        return None
    year, number = (match[1], match[2]) if len(match[1]) == 4 else (match[2], match[1])
    return f"{year}-Q{number}"


def _said(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _slug(title: str, taken: set[str]) -> str:
    """An id from a title: grow-in-france, and grow-in-france-2 where that is taken."""
    words = "-".join(re.findall(r"[a-z0-9]+", title.lower())[:6]) or "item"
    numbers = (f"{words}-{n}" if n > 1 else words for n in range(1, 10_000))
    return next(each for each in numbers if each not in taken)


def flat(document: Any) -> Iterator[Record]:
    """JSON as rows: a list of rows, or of objectives that hold their key results."""
    if isinstance(document, Mapping):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = lists[0] if len(lists) == 1 else [document]
    for each in document if isinstance(document, list) else []:
        if not isinstance(each, Mapping):
            continue
        key = next(
            (name for name in ("key_results", "keyResults", "metrics") if isinstance(each.get(name), list)), None
        )
        if key is None:
            yield each
            continue
        outer = {_OF_OBJECTIVE.get(str(name), str(name)): each[name] for name in each if name != key}
        for key_result in each[key]:
            inner: Record = key_result if isinstance(key_result, Mapping) else {"key_result": key_result}
            yield {**outer, **inner}


_OF_OBJECTIVE = {"title": "objective", "name": "objective", "owner": "objective_owner", "id": "objective_id"}
