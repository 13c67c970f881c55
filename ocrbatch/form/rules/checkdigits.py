"""The rules that a value's check digit is right: python-stdnum's, by its names."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ocrbatch.form.rules.rule import Load, RuleError, Worded, is_number

MODULES = {
    "aba": "us.rtn",
    **{
        name: name
        for name in (
            "au.abn", "au.acn", "au.tfn", "br.cpf", "ca.sin", "ch.esr", "damm", "de.idnr", "ean", "es.ccc", "fr.siren",
            "fr.siret", "gb.nhs", "imei", "imo", "in_.aadhaar", "isbn", "isni", "iso7064.mod_11_10",
            "iso7064.mod_11_2", "iso7064.mod_97_10", "issn", "it.iva", "luhn", "nl.bsn", "no.kontonr", "no.orgnr",
            "pl.nip", "pl.regon", "pt.nif", "se.orgnr", "tr.tckimlik", "us.rtn", "verhoeff",
        )
    },
}  # fmt: skip
"""The rule's name and its module in python-stdnum: those of digits only, whose verdict does not hang on the day."""

IBAN_DIGITS = {
    "AT": 18, "BE": 14, "CZ": 22, "DE": 20, "DK": 16, "EE": 18, "ES": 22, "FI": 16, "HR": 19, "HU": 26, "IL": 21,
    "IS": 24, "LT": 18, "NO": 13, "PL": 26, "PT": 23, "SE": 22, "SI": 17, "SK": 22, "XK": 18,
}  # fmt: skip
"""The digits after the letters, of the countries whose account numbers are digits only (SWIFT's IBAN registry)."""


@dataclass(frozen=True, slots=True)
class CheckDigit(Worded):
    """``luhn``, ``isbn`` …: the check digit is that of the others."""

    def allows(self, value: str) -> bool:
        """Tell whether a value has the right check digit, or is empty."""
        return not value or (is_number(value) and _check(self.name)(value))


@dataclass(frozen=True, slots=True)
class Iban(Worded):
    """``iban DE``: the digits that follow these letters, which the form has in print, are an IBAN's.

    Without a country they are those of any whose account numbers are digits only and so long.
    """

    countries: tuple[str, ...]

    def allows(self, value: str) -> bool:
        """Tell whether a value is right for one of the countries, or is empty."""
        return not value or (is_number(value) and any(self._is_of(country, value) for country in self.countries))

    def _is_of(self, country: str, value: str) -> bool:
        return len(value) == IBAN_DIGITS[country] and _check("iban")(f"{country}{value}")


def parse_check_digit(text: str, arguments: tuple[str, ...], load: Load) -> CheckDigit:
    """Make a rule of one of the names in ``MODULES``."""
    if arguments:
        raise RuleError(f"takes nothing after its name; write {text.split(maxsplit=1)[0]}")
    return CheckDigit(text)


def parse_iban(text: str, arguments: tuple[str, ...], load: Load) -> Iban:
    """Make a rule of ``iban`` or ``iban DE``."""
    if len(arguments) > 1 or not set(arguments) <= IBAN_DIGITS.keys():
        raise RuleError(f"give the country whose letters stand in print before the digits: {', '.join(IBAN_DIGITS)}")
    return Iban(text, arguments or tuple(IBAN_DIGITS))


@cache
def _check(name: str) -> Callable[[str], bool]:
    module = importlib.import_module(f"stdnum.{'iban' if name == 'iban' else MODULES[name]}")
    check: Callable[..., bool] = module.is_valid
    # A national check would load a country's own module; what all IBANs have is enough.
    return (lambda value: check(value, check_country=False)) if name == "iban" else check
