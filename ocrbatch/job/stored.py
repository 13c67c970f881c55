"""A page of a job as the ledger keeps it: JSON that reads back as it was."""

import json

import numpy as np

from ocrbatch.geometry import Box
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status, read_only


def to_json(page: FilePage) -> str:
    """Write a page's result and crops as JSON; ``from_json`` reads them back equal."""
    result = page.result
    fields = [
        {
            "name": f.name,
            "kind": f.kind,
            "value": f.value,
            "confidence": f.confidence,
            "status": f.status.value,
            "reasons": f.reasons,
            "raw": f.raw,
            "runner_up": f.runner_up,
            "digit_confidence": f.digit_confidence,
            "box": [f.box.x, f.box.y, f.box.width, f.box.height],
            "cells": f.cells.tolist(),
            "cell_values": f.cell_values,
        }
        for f in result.fields
    ]
    content = {
        "page": result.page,
        "form": result.form,
        "form_page": result.form_page,
        "status": result.status.value,
        "reason": result.reason,
        "registration": result.registration,
        "skew_degrees": result.skew_degrees,
        "fields": fields,
        "crops": page.crops,
    }
    return json.dumps(content, separators=(",", ":"))


def from_json(file: str, sha256: str, content: str) -> FilePage:
    """Read back what ``to_json`` wrote."""
    page = json.loads(content)
    fields = tuple(
        FieldReading(
            name=f["name"],
            kind=f["kind"],
            value=f["value"],
            confidence=f["confidence"],
            status=Status(f["status"]),
            reasons=tuple(f["reasons"]),
            raw=f["raw"],
            runner_up=f["runner_up"],
            digit_confidence=tuple(f["digit_confidence"]),
            box=Box(*f["box"]),
            cells=read_only(np.array(f["cells"], dtype=np.float32).reshape(-1, 4, 2)),
            cell_values=tuple(f["cell_values"]),
        )
        for f in page["fields"]
    )
    result = PageResult(
        page=page["page"],
        form=page["form"],
        status=PageStatus(page["status"]),
        reason=page["reason"],
        registration=page["registration"],
        skew_degrees=page["skew_degrees"],
        fields=fields,
        # Ledgers from before forms had several pages do not tell.
        form_page=page.get("form_page", 1),
    )
    return FilePage(file, sha256, result, tuple(page["crops"]))
